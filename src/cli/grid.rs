//! Tables of text: a header, a rule, rows.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// How the cells of a column stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table being made.
#[derive(Debug)]
pub struct Grid {
    header: Vec<String>,
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these columns.
    pub fn new(columns: impl IntoIterator<Item = (String, Align)>) -> Self {
        let (header, aligns) = columns.into_iter().unzip();
        Self { header, aligns, rows: Vec::new() }
    }

    /// Adds a row; it has as many cells as there are columns.
    pub fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.header.len());
        self.rows.push(cells);
    }

    /// The table, indented by two spaces. Columns whose cells and name are all empty are left out.
    pub fn render(&self) -> String {
        let keep: Vec<usize> = (0..self.header.len())
            .filter(|&c| !self.header[c].is_empty() || self.rows.iter().any(|row| !row[c].is_empty()))
            .collect();
        let mut table = Table::new();
        table.set_content_arrangement(ContentArrangement::Disabled);
        let rule = LineStyle::none().fill('─').junction('─');
        table.load_style(TableStyle::new().header_separator(rule));
        let cell = |text: &str, at: usize| {
            let alignment = if self.aligns[at] == Align::Left { CellAlignment::Left } else { CellAlignment::Right };
            Cell::new(text).set_alignment(alignment)
        };
        table.set_header(keep.iter().map(|&at| cell(&self.header[at], at)));
        for row in &self.rows {
            table.add_row(keep.iter().map(|&at| cell(&row[at], at)));
        }
        table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
    }
}
