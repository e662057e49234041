//! Captures that are held against scenarios.
