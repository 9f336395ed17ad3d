//! The error function, the gamma function's logarithm, and their kin.

use super::range;
use super::row::{Arity, Builtin, Curvature, Domain, Param, Surface, Trend, Value};
use super::term::rule;
use crate::base::Interval;
use crate::num::vmath;

const POSITIVE: Interval = Interval::new(f64::from_bits(1), f64::INFINITY);
const NOT_NEGATIVE: Interval = Interval::new(0.0, f64::INFINITY);
const NOT_POSITIVE: Interval = Interval::new(f64::NEG_INFINITY, 0.0);
/// From 0 to 1.
const SHARE: Interval = Interval::new(0.0, 1.0);
/// The derivatives that are offered.
const ORDERS: Interval = Interval::new(0.0, 30.0);
/// Where `lgamma` is least, and its value there: NIST Digital Library of Mathematical Functions, 5.4.20.
const LGAMMA_LEAST: (f64, f64) = (1.461_632_144_968_362_2, -0.121_486_290_535_849_6);

pub(super) static ROWS: &[Builtin] = &[
    Builtin {
        name: "erf",
        doc: "error function",
        value: Value::One(vmath::erf),
        block: Some(|level, args, out| vmath::block::erf(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![vmath::FRAC_2_SQRT_PI * (-x[0].square()).call("exp")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::erf, x[0], Interval::ALL, Interval::new(-1.0, 1.0)),
        reference: &[
            (&[0.0], 0.0),
            (&[1e-300], 1.1283791670955126e-300),
            (&[1e-09], 1.1283791670955127e-09),
            (&[0.3], 0.3286267594591274),
            (&[-0.3], -0.3286267594591274),
            (&[1.0], 0.8427007929497149),
            (&[-1.5], -0.9661051464753108),
            (&[2.7], 0.9998656672600594),
            (&[3.1], 0.9999883513426328),
            (&[-5.0], -0.9999999999984626),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "erfc",
        doc: "`1 - erf(x)`, accurate where it is small",
        value: Value::One(vmath::erfc),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![-vmath::FRAC_2_SQRT_PI * (-x[0].square()).call("exp")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Concave, Curvature::Convex),
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| range::decreasing(vmath::erfc, x[0], Interval::ALL, Interval::new(0.0, 2.0)),
        reference: &[
            (&[0.0], 1.0),
            (&[1e-300], 1.0),
            (&[1e-09], 0.9999999988716208),
            (&[0.3], 0.6713732405408726),
            (&[-0.3], 1.3286267594591274),
            (&[1.0], 0.15729920705028513),
            (&[-1.5], 1.9661051464753108),
            (&[2.7], 0.0001343327399405242),
            (&[3.1], 1.1648657367199589e-05),
            (&[-5.0], 1.9999999999984626),
            (&[10.0], 2.088487583762545e-45),
            (&[20.0], 5.395865611607901e-176),
            (&[26.0], 5.663192408856143e-296),
            (&[1.25], 0.07709987174354177),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "normal_cdf",
        doc: "the share of a standard normal population below `x`",
        value: Value::One(vmath::normal_cdf),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![vmath::FRAC_1_SQRT_TWO_PI * (-0.5 * x[0].square()).call("exp")]),
        curvature: |x| range::curvature_by_sign(x[0], Curvature::Convex, Curvature::Concave),
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::normal_cdf, x[0], Interval::ALL, SHARE),
        reference: &[
            (&[0.0], 0.5),
            (&[1e-300], 0.5),
            (&[1e-09], 0.5000000003989423),
            (&[0.3], 0.6179114221889527),
            (&[-0.3], 0.3820885778110474),
            (&[1.0], 0.8413447460685429),
            (&[-1.5], 0.06680720126885807),
            (&[2.7], 0.9965330261969594),
            (&[3.1], 0.9990323967867817),
            (&[-5.0], 2.866515718791939e-07),
            (&[-10.0], 7.619853024160525e-24),
            (&[-20.0], 2.7536241186062337e-89),
            (&[-37.0], 5.725571222524577e-300),
            (&[-1.7], 0.04456546275854304),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "normal_lcdf",
        doc: "`log(normal_cdf(x))` without underflow",
        value: Value::One(vmath::normal_lcdf),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("normal_hazard")]),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::normal_lcdf, x[0], Interval::ALL, NOT_POSITIVE),
        reference: &[
            (&[0.0], -0.6931471805599453),
            (&[1e-300], -0.6931471805599453),
            (&[1e-09], -0.6931471797620608),
            (&[0.3], -0.4814101615884812),
            (&[-0.3], -0.9621028181688507),
            (&[1.0], -0.17275377902344988),
            (&[-1.5], -2.7059444008238898),
            (&[2.7], -0.003472997683837466),
            (&[3.1], -0.0009680716434015497),
            (&[-5.0], -15.064998393988725),
            (&[-9.999], -53.22118755255553),
            (&[-10.001], -53.24138373902404),
            (&[-40.0], -804.6084420137538),
            (&[-1000000.0], -500000000014.73444),
            (&[8.0], -6.220960574271786e-16),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "normal_hazard",
        doc: "standard normal density over `normal_cdf(x)`: the slope of `normal_lcdf`",
        surface: Surface::Internal,
        value: Value::One(vmath::normal_hazard),
        partials: |b, x, y| rule(b, x, y, |x, y| vec![-y * (x[0] + y)]),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| {
            let range = range::decreasing(vmath::normal_hazard, x[0], Interval::ALL, NOT_NEGATIVE);
            range.widen(3).meet(NOT_NEGATIVE)
        },
        reference: &[
            (&[0.0], 0.7978845608028654),
            (&[1e-300], 0.7978845608028654),
            (&[1e-09], 0.7978845601662455),
            (&[0.3], 0.6172208536127345),
            (&[-0.3], 0.9981659688584833),
            (&[1.0], 0.2875999709391784),
            (&[-1.5], 1.938677166622543),
            (&[2.7], 0.010457189616877733),
            (&[3.1], 0.00326998310235693),
            (&[-5.0], 5.186503967125842),
            (&[-9.999], 10.097102680233622),
            (&[-10.001], 10.099083789477802),
            (&[-40.0], 40.02496884720726),
            (&[-1000000.0], 1000000.000001),
            (&[8.0], 5.052271083536895e-15),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "lgamma",
        doc: "logarithm of the gamma function",
        value: Value::One(vmath::lgamma),
        block: Some(|level, args, out| vmath::block::lgamma(level, args[0], out)),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("digamma")]),
        domain: Domain::ranges(&[POSITIVE], "lgamma needs x > 0"),
        curvature: |_| Curvature::Convex,
        monotone: |x| {
            vec![if x[0].hi <= LGAMMA_LEAST.0 {
                Trend::Decreasing
            } else if x[0].lo >= LGAMMA_LEAST.0 {
                Trend::Increasing
            } else {
                Trend::Unknown
            }]
        },
        enclose: |x| range::with_turn(vmath::lgamma, positive(x[0]), LGAMMA_LEAST),
        floor: 4e-16,
        reference: &[
            (&[1e-300], 690.7755278982137),
            (&[1e-08], 18.42068073818021),
            (&[0.1], 2.252712651734206),
            (&[0.5], 0.5723649429247001),
            (&[1.0], 0.0),
            (&[1.4616321449683622], -0.12148629053584961),
            (&[1.9999], -4.227520877215346e-05),
            (&[2.0], 0.0),
            (&[2.5], 0.2846828704729192),
            (&[7.7], 7.926541356269005),
            (&[9.999], 12.799575780077413),
            (&[10.0], 12.801827480081469),
            (&[33.3], 82.60372358165495),
            (&[1000.0], 5905.220423209181),
            (&[1000000000.0], 19723265827.503716),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "digamma",
        doc: "derivative of `lgamma`",
        value: Value::One(vmath::digamma),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].call("trigamma")]),
        domain: Domain::ranges(&[POSITIVE], "digamma needs x > 0"),
        curvature: |_| Curvature::Concave,
        monotone: |_| vec![Trend::Increasing],
        enclose: |x| range::increasing(vmath::digamma, positive(x[0]), NOT_NEGATIVE, Interval::ALL),
        floor: 4e-16,
        reference: &[
            (&[1e-300], -9.999999999999999e299),
            (&[1e-08], -100000000.57721564),
            (&[0.1], -10.423754940411076),
            (&[0.5], -1.9635100260214235),
            (&[1.0], -0.5772156649015329),
            (&[1.4616321449683622], -9.241265521729427e-17),
            (&[1.9999], 0.42271983967113097),
            (&[2.0], 0.42278433509846713),
            (&[2.5], 0.7031566406452432),
            (&[7.7], 1.9748820949131018),
            (&[9.999], 2.2516474172057355),
            (&[10.0], 2.251752589066721),
            (&[33.3], 3.490467238520243),
            (&[1000.0], 6.907255195648812),
            (&[1000000000.0], 20.723265836446412),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "trigamma",
        doc: "second derivative of `lgamma`",
        value: Value::One(vmath::trigamma),
        partials: |b, x, y| rule(b, x, y, |x, _| vec![x[0].num(2.0).call2("polygamma", x[0])]),
        domain: Domain::ranges(&[POSITIVE], "trigamma needs x > 0"),
        curvature: |_| Curvature::Convex,
        monotone: |_| vec![Trend::Decreasing],
        enclose: |x| range::decreasing(vmath::trigamma, positive(x[0]), NOT_NEGATIVE, NOT_NEGATIVE),
        reference: &[
            (&[1e-08], 1.0000000000000002e16),
            (&[0.1], 101.43329915079275),
            (&[0.5], 4.934802200544679),
            (&[1.0], 1.6449340668482264),
            (&[1.5], 0.9348022005446793),
            (&[2.5], 0.49035775610023485),
            (&[7.7], 0.13866710857111123),
            (&[9.999], 0.10517738667672887),
            (&[10.0], 0.10516633568168575),
            (&[33.3], 0.030485444095338887),
            (&[1000.0], 0.0010005001666666333),
            (&[1000000000.0], 1.0000000005e-09),
        ],
        ..Builtin::BASE
    },
    Builtin {
        name: "polygamma",
        doc: "derivative `n + 1` of `lgamma`, for whole `n` up to 30",
        arity: Arity::Exactly(2),
        params: &[Param::new("n"), Param::new("x")],
        surface: Surface::Internal,
        value: Value::Two(vmath::polygamma),
        // The order is a number; the slope in it is never asked for.
        partials: |b, x, y| rule(b, x, y, |x, y| vec![y.num(0.0), (x[0] + 1.0).call2("polygamma", x[1])]),
        domain: Domain {
            joint: Some(|x| x[0] == x[0].floor()),
            ..Domain::ranges(&[ORDERS, POSITIVE], "polygamma needs a whole n from 0 to 30 and x > 0")
        },
        curvature: |x| match range::point(x[0]) {
            Some(n) if n % 2.0 == 1.0 => Curvature::Convex,
            Some(_) => Curvature::Concave,
            None => Curvature::Unknown,
        },
        monotone: |x| match range::point(x[0]) {
            Some(n) if n % 2.0 == 1.0 => vec![Trend::Constant, Trend::Decreasing],
            Some(_) => vec![Trend::Constant, Trend::Increasing],
            None => vec![Trend::Unknown; 2],
        },
        enclose: |x| {
            let (n, x) = (x[0].meet(ORDERS), positive(x[1]));
            if n.is_empty() || x.is_empty() {
                return Interval::EMPTY;
            }
            let Some(n) = range::point(n) else { return Interval::ALL };
            Interval::point(vmath::polygamma(n, x.lo)).hull(Interval::point(vmath::polygamma(n, x.hi))).widen(3)
        },
        reference: &[
            (&[0.0, 1.5], 0.03648997397857652),
            (&[1.0, 0.1], 101.43329915079275),
            (&[2.0, 0.5], -16.82879664423432),
            (&[2.0, 30.0], -0.0011487652037286),
            (&[3.0, 3.3], 0.08584966733688494),
            (&[4.0, 1000.0], -6.0120099999930004e-12),
            (&[5.0, 12.0], 0.00011820829051081491),
            (&[10.0, 2.0], -1793.311606628713),
        ],
        ..Builtin::BASE
    },
];

/// The part from 0 up, or nothing when no positive number is in it.
fn positive(x: Interval) -> Interval {
    if x.hi <= 0.0 { Interval::EMPTY } else { x.meet(NOT_NEGATIVE) }
}
