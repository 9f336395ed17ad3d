# Solves a suite (`hs`, `opf`) and writes its table into docs/results.md.
suite NAME:
    cargo build --release --bin optc
    cargo run --release --example suite -- {{NAME}}
