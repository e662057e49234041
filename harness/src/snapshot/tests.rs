//! Traces of runs that are made up here.
