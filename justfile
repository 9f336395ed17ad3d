# Everything that must hold before a change lands.
check:
    .ci/run

# The tests whose names contain NAME.
test NAME="":
    cargo test --test it {{NAME}}

# Compiled random models against the interpreter, N of them, with a histogram of what was drawn.
draws N="20000":
    OPTC_DRAWS={{N}} cargo test --release --test it random_models -- --nocapture

# N random models of the stream after FIRST, each compiled and held against the portable executor (bits at 20 points)
# and the interpreter; says how many numbers were compared. With a nightly toolchain: `cargo +nightly fuzz run models`.
fuzz N="20000" FIRST="0":
    OPTC_DRAWS={{N}} OPTC_FIRST={{FIRST}} OPTC_POINTS=20 cargo test --profile fast --test it random_models_satisfy -- --nocapture

# Times and bars: `derivatives` (beside hand-written C where the folder OPTC_PEERS is there), `process`, `stages`, `vmath`.
bench NAME *MODELS:
    benches/run {{NAME}} {{MODELS}}

# The block routines of num::vmath against correctly rounded functions, N points of every kind; prints the worst.
points N="10000000":
    OPTC_POINTS={{N}} cargo test --release --test it vmath -- --nocapture --test-threads=2

# Rewrites the snapshots of messages; read the difference before you commit it.
bless:
    OPTC_BLESS=1 cargo test --test it ui

# Solves a suite (`suites/README.md` lists them) and writes its table into docs/results.md.
suite NAME:
    cargo run --release --example suite -- {{NAME}}

# Processor time per iteration of L-BFGS and conjugate gradients beside argmin, scipy and NLopt; the two last want `pip install
# numpy scipy nlopt`.
iterations:
    cd benches/iteration && cargo run --release
    python3 benches/iteration/peers.py

# Whole processes that fit ten parameters: optc and scipy, least of RUNS; wants `pip install scipy`.
fit RUNS="60":
    cargo build --release
    python3 benches/fit.py target/release/optc {{RUNS}}

# A model-predictive controller: 1 000 warm re-solves of 200 variables in one process, mean and slowest.
mpc:
    cargo run --release --example mpc

# The tests of linear, quadratic and integer problems in a build with HiGHS; wants cmake, a C++ compiler and libclang.
highs:
    cargo test --features highs --test it -- engines route solvers cones
