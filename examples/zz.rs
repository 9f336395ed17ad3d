use optc::driver::{Session, Setup};
use std::sync::Arc;
fn main() {
    for path in std::env::args().skip(1) {
        let p = std::path::Path::new(&path);
        let loader = optc::data::FolderLoader::new(p.parent().unwrap());
        let mut s = Session::new(Arc::new(loader), Setup::default());
        match s.solve(p.file_name().unwrap().to_str().unwrap(), None) {
            Ok(done) => {
                for m in done.remarks.messages() { print!("{}", optc::diag::render::render(&m, &s.sources, false)); }
                let r = done.report;
                for run in &r.runs { println!("{path}: {} {} {:?} f={} it={} t={:.3} {}", r.problem.class, run.method, run.status, run.objective, run.iterations, run.seconds, run.reason);
                  if !run.status.is_optimal() { for e in &run.evidence { println!("   {e:?}"); } } }
                for e in &r.expectations { if !e.holds { println!("   EXPECT {} : {}", e.text, e.found); } }
                if std::env::var("T").is_ok() { for t in &r.timings { print!("{} {:.4}  ", t.stage, t.seconds); } println!(); }
            }
            Err(reports) => { println!("{path}: ERROR"); for m in reports.messages() { print!("{}", optc::diag::render::render(&m, &s.sources, false)); } }
        }
    }
}
