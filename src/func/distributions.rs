//! Logarithms of probability densities.
//!
//! Names, arguments and their order are those of Stan's functions reference.

use super::enclosing::{enclose_formula, trends};
use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, Param, Smoothness, Value};
use super::term::{Term, rule};
use crate::base::Interval;
use crate::num::vmath;

const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);
const POSITIVE: Interval = Interval::new(f64::from_bits(1), f64::INFINITY);
/// The open interval from 0 to 1, in doubles.
const INSIDE_SHARE: Interval = Interval::new(f64::from_bits(1), 1.0 - f64::EPSILON / 2.0);
/// Absolute error where terms of size 1 to 10 cancel.
const FLOOR: f64 = 1e-14;
/// `log(pi)`.
const LOG_PI: f64 = 1.144_729_885_849_400_2;

const MU: Param = Param::with_default("mu", 0.0);
const SIGMA: Param = Param::with_default("sigma", 1.0);

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "normal_lpdf",
        doc: "log density of the normal with mean `mu` and standard deviation `sigma`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), MU, SIGMA],
        value: Value::Three(vmath::normal_lpdf),
        block: Some(|level, args, out| vmath::block::normal_lpdf(level, args[0], args[1], args[2], out)),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let z = standard(x);
                vec![-z / x[2], z / x[2], (z.square() - 1.0) / x[2]]
            })
        },
        domain: Domain::ranges(&[Interval::ALL, Interval::ALL, POSITIVE], "normal_lpdf needs sigma > 0"),
        curvature: |x| if range::is_point(x[2]) { Curvature::Concave } else { Curvature::Unknown },
        monotone: |x| trends("normal_lpdf", x),
        enclose: |x| {
            enclose_formula(&[x[0], x[1], positive(x[2])], |x| {
                -0.5 * even_square(standard(x)) - x[2].call("log") - vmath::HALF_LOG_TWO_PI
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 0.0, 1.0], -0.9189385332046728),
            (&[1.5, 0.3, 2.0], -1.792085713764618),
            (&[-2.0, 1.0, 0.5], -18.225791352644727),
            (&[10.0, 0.0, 1.0], -50.918938533204674),
            (&[0.1, 0.2, 0.01], -46.31376834721659),
            (&[3.0, -1.0, 25.0], -4.150614358072874),
            (&[1000.0, 0.0, 10.0], -5003.221523626199),
            (&[-0.7, -0.7, 0.3], 0.2850342711212633),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "lognormal_lpdf",
        doc: "log density of `exp` of a normal variable with `mu` and `sigma`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), MU, SIGMA],
        value: Value::Three(vmath::lognormal_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let z = (x[0].call("log") - x[1]) / x[2];
                vec![-(1.0 + z / x[2]) / x[0], z / x[2], (z.square() - 1.0) / x[2]]
            })
        },
        domain: Domain::ranges(&[POSITIVE, Interval::ALL, POSITIVE], "lognormal_lpdf needs x > 0 and sigma > 0"),
        curvature: |x| {
            if range::is_point(x[0]) && range::is_point(x[2]) { Curvature::Concave } else { Curvature::Unknown }
        },
        monotone: |x| trends("lognormal_lpdf", x),
        enclose: |x| {
            enclose_formula(&[positive(x[0]), x[1], positive(x[2])], |x| {
                let log_x = x[0].call("log");
                let z = (log_x - x[1]) / x[2];
                -0.5 * even_square(z) - log_x - x[2].call("log") - vmath::HALF_LOG_TWO_PI
            })
        },
        floor: FLOOR,
        reference: &[
            (&[1.0, 0.0, 1.0], -0.9189385332046728),
            (&[1.5, 0.3, 2.0], -2.0189411830013158),
            (&[0.01, 1.0, 0.5], -58.45648679443619),
            (&[10.0, 0.0, 1.0], -5.872472681437918),
            (&[1.2, 0.2, 0.01], 1.9412733250425964),
            (&[3.0, -1.0, 25.0], -5.239949985571502),
            (&[1000000.0, 0.0, 10.0], -17.991375844049106),
            (&[0.5, -0.7, 0.3], 0.9779205564907754),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "student_t_lpdf",
        doc: "log density of Student's t with `nu` degrees of freedom, centre `mu`, scale `sigma`",
        arity: Arity::Exactly(4),
        params: &[Param::new("x"), Param::new("nu"), MU, SIGMA],
        value: Value::Many(|x| vmath::student_t_lpdf(x[0], x[1], x[2], x[3])),
        partials: student_t_partials,
        domain: Domain::ranges(
            &[Interval::ALL, POSITIVE, Interval::ALL, POSITIVE],
            "student_t_lpdf needs nu > 0 and sigma > 0",
        ),
        monotone: |x| trends("student_t_lpdf", x),
        enclose: |x| {
            enclose_formula(&[x[0], positive(x[1]), x[2], positive(x[3])], |x| {
                let (nu, sigma) = (x[1], x[3]);
                let z = (x[0] - x[2]) / sigma;
                let shape = (0.5 * nu + 0.5).call("lgamma") - (0.5 * nu).call("lgamma");
                let tail = (even_square(z) / nu).call("log1p");
                shape - 0.5 * (nu.call("log") + LOG_PI) - sigma.call("log") - 0.5 * (nu + 1.0) * tail
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 1.0, 0.0, 1.0], -1.1447298858494002),
            (&[1.5, 3.0, 0.3, 2.0], -1.9206934007974614),
            (&[-2.0, 0.5, 1.0, 0.5], -3.8352303262128578),
            (&[10.0, 30.0, 0.0, 1.0], -23.655494891676966),
            (&[0.1, 1000000.0, 0.2, 0.1], 0.8836460597894562),
            (&[3.0, 4.0, -1.0, 25.0], -4.2156540952900246),
            (&[1000.0, 2.0, 0.0, 10.0], -16.118395620962318),
            (&[2.0, 10000000000.0, 0.0, 1.0], -2.9189385330296727),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "cauchy_lpdf",
        doc: "log density of the Cauchy distribution with centre `mu` and scale `sigma`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), MU, SIGMA],
        value: Value::Three(vmath::cauchy_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let z = standard(x);
                let spread = x[2] * (1.0 + z.square());
                let slope = 2.0 * z / spread;
                vec![-slope, slope, (z.square() - 1.0) / spread]
            })
        },
        domain: Domain::ranges(&[Interval::ALL, Interval::ALL, POSITIVE], "cauchy_lpdf needs sigma > 0"),
        monotone: |x| trends("cauchy_lpdf", x),
        enclose: |x| {
            enclose_formula(&[x[0], x[1], positive(x[2])], |x| {
                -even_square(standard(x)).call("log1p") - x[2].call("log") - LOG_PI
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 0.0, 1.0], -1.1447298858494002),
            (&[1.5, 0.3, 2.0], -2.1453617661573063),
            (&[-2.0, 1.0, 0.5], -4.062500617933679),
            (&[10.0, 0.0, 1.0], -5.75985040269066),
            (&[0.1, 0.2, 0.01], -1.1546802167025683),
            (&[3.0, -1.0, 25.0], -4.38888351790187),
            (&[1000.0, 0.0, 10.0], -12.657755345819963),
            (&[-0.7, -0.7, 0.3], 0.05924291847653586),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "laplace_lpdf",
        doc: "log density of the Laplace (double exponential) distribution with centre `mu` and scale `b`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), MU, Param::with_default("b", 1.0)],
        value: Value::Three(vmath::laplace_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let slope = (x[0] - x[1]).call("sign") / x[2];
                vec![-slope, slope, ((x[0] - x[1]).call("abs") / x[2] - 1.0) / x[2]]
            })
        },
        domain: Domain::ranges(&[Interval::ALL, Interval::ALL, POSITIVE], "laplace_lpdf needs b > 0"),
        smoothness: |x| {
            let difference = range::sub(x[0], x[1]);
            if difference.lo < 0.0 && difference.hi > 0.0 { Smoothness::Kink } else { Smoothness::Smooth }
        },
        curvature: |x| if range::is_point(x[2]) { Curvature::Concave } else { Curvature::Unknown },
        monotone: |x| trends("laplace_lpdf", x),
        enclose: |x| {
            enclose_formula(&[x[0], x[1], positive(x[2])], |x| {
                -(2.0 * x[2]).call("log") - (x[0] - x[1]).call("abs") / x[2]
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 0.0, 1.0], -0.6931471805599453),
            (&[1.5, 0.3, 2.0], -1.9862943611198907),
            (&[-2.0, 1.0, 0.5], -6.0),
            (&[10.0, 0.0, 1.0], -10.693147180559945),
            (&[0.1, 0.2, 0.01], -6.0879769945718545),
            (&[3.0, -1.0, 25.0], -4.072023005428146),
            (&[1000.0, 0.0, 10.0], -102.995732273554),
            (&[-0.7, -0.7, 0.3], 0.5108256237659907),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "logistic_lpdf",
        doc: "log density of the logistic distribution with centre `mu` and scale `s`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), MU, Param::with_default("s", 1.0)],
        value: Value::Three(vmath::logistic_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let z = standard(x);
                let t = (0.5 * z).call("tanh");
                vec![-t / x[2], t / x[2], (z * t - 1.0) / x[2]]
            })
        },
        domain: Domain::ranges(&[Interval::ALL, Interval::ALL, POSITIVE], "logistic_lpdf needs s > 0"),
        curvature: |x| if range::is_point(x[2]) { Curvature::Concave } else { Curvature::Unknown },
        monotone: |x| trends("logistic_lpdf", x),
        enclose: |x| {
            enclose_formula(&[x[0], x[1], positive(x[2])], |x| {
                let z = standard(x).call("abs");
                -z - x[2].call("log") - 2.0 * (-z).call("logistic")
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.0, 0.0, 1.0], -1.3862943611198906),
            (&[1.5, 0.3, 2.0], -2.1681230815317165),
            (&[-2.0, 1.0, 0.5], -5.311804189715516),
            (&[10.0, 0.0, 1.0], -10.000090797798434),
            (&[0.1, 0.2, 0.01], -5.394920611810343),
            (&[3.0, -1.0, 25.0], -4.61156337094968),
            (&[1000.0, 0.0, 10.0], -102.30258509299405),
            (&[-0.7, -0.7, 0.3], -0.1823215567939546),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "exponential_lpdf",
        doc: "log density of the exponential distribution with rate `rate`",
        arity: Arity::Exactly(2),
        params: &[Param::new("x"), Param::new("rate")],
        value: Value::Two(vmath::exponential_lpdf),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![-x[1], 1.0 / x[1] - x[0]]),
        domain: Domain::ranges(&[NOT_NEGATIVE, POSITIVE], "exponential_lpdf needs x >= 0 and rate > 0"),
        curvature: |x| match (range::point(x[0]), range::point(x[1])) {
            (Some(_), Some(_)) => Curvature::Constant,
            (_, Some(_)) => Curvature::Affine,
            (Some(_), _) => Curvature::Concave,
            _ => Curvature::Unknown,
        },
        monotone: |x| trends("exponential_lpdf", x),
        enclose: |x| enclose_formula(&[x[0].meet(NOT_NEGATIVE), positive(x[1])], |x| x[1].call("log") - x[1] * x[0]),
        floor: FLOOR,
        reference: &[
            (&[0.0, 1.0], 0.0),
            (&[1.0, 2.0], -1.3068528194400546),
            (&[0.3, 0.1], -2.3325850929940457),
            (&[10.0, 3.0], -28.90138771133189),
            (&[1e-09, 5.0], 1.6094379074341003),
            (&[100.0, 0.01], -5.605170185988092),
            (&[2.0, 2.0], -3.3068528194400546),
            (&[0.5, 7.0], -1.5540898509446868),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "gamma_lpdf",
        doc: "log density of the gamma distribution with shape `a` and rate `b`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), Param::new("a"), Param::new("b")],
        value: Value::Three(vmath::gamma_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (x, a, b) = (x[0], x[1], x[2]);
                vec![(a - 1.0) / x - b, x.call("log") + b.call("log") - a.call("digamma"), a / b - x]
            })
        },
        domain: Domain::ranges(&[POSITIVE], "gamma_lpdf needs x > 0, a > 0 and b > 0"),
        curvature: |x| match (range::point(x[0]), range::point(x[1]), range::point(x[2])) {
            (Some(_), _, _) => Curvature::Concave,
            (_, Some(a), Some(_)) if a < 1.0 => Curvature::Convex,
            (_, Some(_), Some(_)) => Curvature::Concave,
            _ => Curvature::Unknown,
        },
        monotone: |x| trends("gamma_lpdf", x),
        enclose: |x| {
            enclose_formula(&[positive(x[0]), positive(x[1]), positive(x[2])], |x| {
                let (x, a, b) = (x[0], x[1], x[2]);
                a * b.call("log") - a.call("lgamma") + (a - 1.0) * x.call("log") - b * x
            })
        },
        floor: FLOOR,
        reference: &[
            (&[1.0, 1.0, 1.0], -1.0),
            (&[0.3, 0.5, 2.0], -0.22380495048175938),
            (&[2.0, 3.0, 0.7], -1.7768776512562519),
            (&[15.0, 12.0, 1.0], -2.713755633749575),
            (&[99.0, 10000.0, 100.0], -1.4122550656989137),
            (&[1000000.0, 1000000.0, 1.0], -7.826693895520143),
            (&[1e-09, 0.1, 1.0], 16.398226600517564),
            (&[5.0, 10.0, 2.0], -1.3854144625751132),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "inv_gamma_lpdf",
        doc: "log density of the inverse gamma distribution with shape `a` and scale `b`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), Param::new("a"), Param::new("b")],
        value: Value::Three(vmath::inv_gamma_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (x, a, b) = (x[0], x[1], x[2]);
                let slope = (b / x - (a + 1.0)) / x;
                vec![slope, b.call("log") - x.call("log") - a.call("digamma"), a / b - 1.0 / x]
            })
        },
        domain: Domain::ranges(&[POSITIVE], "inv_gamma_lpdf needs x > 0, a > 0 and b > 0"),
        curvature: |x| if range::is_point(x[0]) { Curvature::Concave } else { Curvature::Unknown },
        monotone: |x| trends("inv_gamma_lpdf", x),
        enclose: |x| {
            enclose_formula(&[positive(x[0]), positive(x[1]), positive(x[2])], |x| {
                let (x, a, b) = (x[0], x[1], x[2]);
                a * b.call("log") - a.call("lgamma") - (a + 1.0) * x.call("log") - b / x
            })
        },
        floor: FLOOR,
        reference: &[
            (&[1.0, 1.0, 1.0], -1.0),
            (&[0.3, 0.5, 2.0], -5.08649881282249),
            (&[2.0, 3.0, 0.7], -4.885760734615924),
            (&[0.07, 12.0, 1.0], 2.7823583485379433),
            (&[0.0101, 10000.0, 100.0], 7.788035633003196),
            (&[1e-06, 1000000.0, 1.0], 19.804327220408407),
            (&[3.0, 0.1, 1.0], -3.79451950260246),
            (&[5.0, 10.0, 2.0], -23.974172711257122),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "beta_lpdf",
        doc: "log density of the beta distribution with shapes `a` and `b`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), Param::new("a"), Param::new("b")],
        value: Value::Three(vmath::beta_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (x, a, b) = (x[0], x[1], x[2]);
                let both = (a + b).call("digamma");
                vec![
                    (a - 1.0) / x - (b - 1.0) / (1.0 - x),
                    x.call("log") - a.call("digamma") + both,
                    (-x).call("log1p") - b.call("digamma") + both,
                ]
            })
        },
        domain: Domain::ranges(
            &[INSIDE_SHARE, POSITIVE, POSITIVE],
            "beta_lpdf needs x between 0 and 1, a > 0 and b > 0",
        ),
        curvature: |x| {
            let fixed = range::is_point(x[1]) && range::is_point(x[2]);
            if range::is_point(x[0]) || (fixed && x[1].lo >= 1.0 && x[2].lo >= 1.0) {
                Curvature::Concave
            } else if fixed && x[1].lo <= 1.0 && x[2].lo <= 1.0 {
                Curvature::Convex
            } else {
                Curvature::Unknown
            }
        },
        monotone: |x| trends("beta_lpdf", x),
        enclose: |x| {
            enclose_formula(&[positive(x[0]), positive(x[1]), positive(x[2])], |x| {
                let (x, a, b) = (x[0], x[1], x[2]);
                let lbeta = a.call("lgamma") + b.call("lgamma") - (a + b).call("lgamma");
                (a - 1.0) * x.call("log") + (b - 1.0) * (-x).call("log1p") - lbeta
            })
        },
        floor: FLOOR,
        reference: &[
            (&[0.5, 1.0, 1.0], 0.0),
            (&[0.3, 0.5, 0.5], -0.364406011717066),
            (&[0.2, 3.0, 0.7], -2.677874859900162),
            (&[0.6, 12.0, 9.0], 1.2792979957152109),
            (&[0.01, 100.0, 10000.0], 5.988041585123721),
            (&[0.5, 1000000.0, 1000000.0], 7.028537391617382),
            (&[1e-09, 0.1, 2.0], 16.44366433906205),
            (&[0.9, 30.0, 2.0], 1.4771445390762936),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "weibull_lpdf",
        doc: "log density of the Weibull distribution with shape `k` and scale `s`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), Param::new("k"), Param::new("s")],
        value: Value::Three(vmath::weibull_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let (x, k, s) = (x[0], x[1], x[2]);
                let log_r = x.call("log") - s.call("log");
                let power = (x / s).call2("pow", k);
                vec![(k - 1.0 - k * power) / x, 1.0 / k + log_r * (1.0 - power), k * (power - 1.0) / s]
            })
        },
        domain: Domain::ranges(&[POSITIVE], "weibull_lpdf needs x > 0, k > 0 and s > 0"),
        curvature: |x| {
            if range::is_point(x[1]) && range::is_point(x[2]) && x[1].lo >= 1.0 {
                Curvature::Concave
            } else {
                Curvature::Unknown
            }
        },
        monotone: |x| trends("weibull_lpdf", x),
        enclose: |x| {
            enclose_formula(&[positive(x[0]), positive(x[1]), positive(x[2])], |x| {
                let (x, k, s) = (x[0], x[1], x[2]);
                let r = x / s;
                k.call("log") - s.call("log") + (k - 1.0) * r.call("log") - r.call2("pow", k)
            })
        },
        floor: FLOOR,
        reference: &[
            (&[1.0, 1.0, 1.0], -1.0),
            (&[0.3, 0.5, 2.0], -0.8250327032976916),
            (&[2.0, 3.0, 0.7], -19.76868367874566),
            (&[1.1, 12.0, 1.0], 0.39489025091457164),
            (&[0.01, 1.5, 0.1], 1.5251348780035034),
            (&[50.0, 2.0, 30.0], -4.975002355113997),
            (&[1e-09, 0.1, 1.0], 16.222461619078306),
            (&[5.0, 1.0, 2.0], -3.1931471805599454),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "uniform_lpdf",
        doc: "log density of the uniform distribution from `lo` to `hi`",
        arity: Arity::Exactly(3),
        params: &[Param::new("x"), Param::with_default("lo", 0.0), Param::with_default("hi", 1.0)],
        value: Value::Three(vmath::uniform_lpdf),
        partials: |b, x, y| {
            rule(b, x, y, |x, _| {
                let slope = 1.0 / (x[2] - x[1]);
                vec![slope.num(0.0), slope, -slope]
            })
        },
        domain: Domain {
            joint: Some(|x| x[1] < x[2] && x[1] <= x[0] && x[0] <= x[2]),
            text: "uniform_lpdf needs lo < hi and x between them",
            ..Domain::ALL
        },
        curvature: |x| {
            if range::is_point(x[1]) && range::is_point(x[2]) { Curvature::Constant } else { Curvature::Convex }
        },
        monotone: |x| trends("uniform_lpdf", x),
        enclose: |x| {
            if x[0].meet(x[1].hull(x[2])).is_empty() {
                return Interval::EMPTY;
            }
            enclose_formula(x, |x| -(x[2] - x[1]).call("log"))
        },
        floor: FLOOR,
        reference: &[
            (&[0.5, 0.0, 1.0], 0.0),
            (&[1.0, 0.0, 3.0], -1.0986122886681098),
            (&[-1.0, -2.0, 0.5], -0.9162907318741551),
            (&[0.0, 0.0, 10.0], -2.302585092994046),
            (&[10.0, 0.0, 10.0], -2.302585092994046),
            (&[0.1, 0.0, 0.2], 1.6094379124341003),
            (&[5.0, 1.0, 9.0], -2.0794415416798357),
            (&[1e-09, 0.0, 1e-06], 13.815510557964274),
        ],
        ..Builtin::BASE
    },
];

/// `(x - mu) / sigma`.
fn standard<'a>(x: &[Term<'a>]) -> Term<'a> {
    (x[0] - x[1]) / x[2]
}

/// The square, with a range from 0 up.
fn even_square(z: Term<'_>) -> Term<'_> {
    z.call2("pow", z.num(2.0))
}

/// The part from 0 up, or nothing when no positive number is in it.
fn positive(x: Interval) -> Interval {
    if x.hi <= 0.0 { Interval::EMPTY } else { x.meet(NOT_NEGATIVE) }
}

/// With `w = z^2 / nu`.
fn student_t_partials(b: &mut dyn super::Builder, x: &[super::Ex], y: super::Ex) -> Vec<super::Ex> {
    rule(b, x, y, |x, _| {
        let (nu, sigma) = (x[1], x[3]);
        let z = (x[0] - x[2]) / sigma;
        let w = z.square() / nu;
        let share = w / (1.0 + w);
        let slope = (nu + 1.0) * z / (nu * sigma * (1.0 + w));
        let of_shape = (0.5 * nu + 0.5).call("digamma") - (0.5 * nu).call("digamma") - 1.0 / nu;
        vec![
            -slope,
            0.5 * (of_shape - w.call("log1p") + (nu + 1.0) / nu * share),
            slope,
            ((nu + 1.0) * share - 1.0) / sigma,
        ]
    })
}
