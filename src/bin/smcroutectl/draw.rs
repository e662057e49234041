//! Tables as people and scripts read them: titles and headings drawn, and no character that a terminal would
//! obey, except for the headings' own.

/// The width of a line, unless its text is longer.
const WIDTH: usize = 79;

/// The tables of an answer, and an empty line at their end.
pub(crate) fn drawn(answer: &str, is_plain: bool, no_headings: bool) -> String {
    let mut text = String::new();
    for line in answer.lines() {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        let (of_title, of_heading) = (line.strip_suffix('_'), line.strip_suffix('='));
        match (of_title, of_heading) {
            (Some(_), _) | (_, Some(_)) if no_headings => {}
            (Some(title), _) if is_plain => text += &format!("{:_>WIDTH$}\n{title}\n", ""),
            (Some(title), _) => text += &format!("\x1b[4m{:WIDTH$}\x1b[0m\n{title}\n", ""),
            (_, Some(heading)) if is_plain => {
                let rule = "=".repeat(heading.chars().count().max(WIDTH));
                text += &format!("{rule}\n{heading}\n{rule}\n");
            }
            (_, Some(heading)) => text += &format!("\x1b[7m{heading:WIDTH$}\x1b[0m\n"),
            (None, None) => text += &format!("{line}\n"),
        }
    }
    text.push('\n');
    text
}
