//! Medians, and tables of them as they stand in the documentation.

/// The middle of the values; NaN without values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}

/// Prints the rows as a table in Markdown, under these headings.
#[expect(clippy::print_stdout, reason = "the benchmark's result")]
pub(crate) fn print(headings: &[&str], rows: &[Vec<String>]) {
    println!("| {} |", headings.join(" | "));
    println!("|{}", "---|".repeat(headings.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}

/// Milliseconds with as many digits as mean something.
pub(crate) fn ms(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}
