# Everything that must hold before a change lands.
check:
    .ci/run

# The tests whose names contain NAME.
test NAME="":
    cargo test --test it {{NAME}}

# Compiled random models against the interpreter, N of them, with a histogram of what was drawn.
draws N="20000":
    OPTC_DRAWS={{N}} cargo test --release --test it random_models -- --nocapture

# The block routines of num::vmath against correctly rounded functions, N points of every kind; prints the worst.
points N="10000000":
    OPTC_POINTS={{N}} cargo test --release --test it vmath -- --nocapture --test-threads=2

# Rewrites the snapshots of messages; read the difference before you commit it.
bless:
    OPTC_BLESS=1 cargo test --test it ui

# Solves a suite (`hs`, `opf`) and writes its table into docs/results.md.
suite NAME:
    cargo run --release --example suite -- {{NAME}}
