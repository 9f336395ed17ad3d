//! Programs as text: `optc emit --stage kernel`.

