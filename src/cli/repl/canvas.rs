//! A drawing of dots in the terminal: each character shows two by four of them (Unicode braille).

/// Dots of a character by row and column, as bits of its code.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A drawing.
#[derive(Clone, Debug)]
pub struct Canvas {
    columns: usize,
    cells: Vec<u8>,
}

impl Canvas {
    /// An empty drawing of so many characters.
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![0; columns * rows] }
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        2 * self.columns
    }

    /// Dots down.
    pub fn height(&self) -> usize {
        4 * (self.cells.len() / self.columns.max(1))
    }

    /// Sets a dot; from the left, from the top. Dots outside are left out.
    pub fn set(&mut self, x: i64, y: i64) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width() && y < self.height() {
            self.cells[y / 4 * self.columns + x / 2] |= BITS[y % 4][x % 2];
        }
    }

    /// Sets the dots of a line between two places; the part that is outside is left out.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let high = self.height() as f64;
        let Some((from, to)) = clip(from, to, (-1.0, high)) else { return };
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for k in 0..=steps as i64 {
            let t = k as f64 / steps;
            let (x, y) = (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
            self.set(x.round() as i64, y.round() as i64);
        }
    }

    /// The drawing, line by line.
    pub fn lines(&self) -> Vec<String> {
        let draw = |row: &[u8]| {
            let text: String =
                row.iter().map(|bits| char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ')).collect();
            text.replace('\u{2800}', " ").trim_end().to_owned()
        };
        self.cells.chunks(self.columns).map(draw).collect()
    }
}

/// A place.
pub type Place = (f64, f64);

/// The part of a line between two heights.
pub fn clip(a: Place, b: Place, (lo, hi): (f64, f64)) -> Option<(Place, Place)> {
    if ![a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()) || a.1.max(b.1) < lo || a.1.min(b.1) > hi {
        return None;
    }
    let cut = |p: Place, q: Place| {
        let y = p.1.clamp(lo, hi);
        if y == p.1 { p } else { (p.0 + (y - p.1) / (q.1 - p.1) * (q.0 - p.0), y) }
    };
    Some((cut(a, b), cut(b, a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_lines_stand_where_they_should() {
        let mut canvas = Canvas::new(2, 1);
        canvas.line((0.0, 3.0), (3.0, 0.0));
        assert_eq!(canvas.lines(), ["⡠⠊"]);
        canvas.set(-1, 0);
        canvas.set(4, 0);
        canvas.line((f64::NAN, 0.0), (1.0, 1.0));
        canvas.line((0.0, -1e300), (1.0, -1e299));
        assert_eq!(canvas.lines(), ["⡠⠊"]);
        let mut tall = Canvas::new(1, 1);
        tall.line((0.0, -1e9), (0.0, 1e9));
        assert_eq!(tall.lines(), ["⡇"]);
    }
}
