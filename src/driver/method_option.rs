//! `--set METHOD.OPTION=VALUE`: an option of a method from outside the model.
//!
//! Takes name and value as text, gives an entry for [`super::Setup::options`]; the rows of the registry say what is right, what was
//! probably meant, and what values there are. Such an option stands in place of what the model's `solve` line says of it.

use crate::base::Name;
use crate::diag::closest;
use crate::diag::codes::limit::LimitError;
use crate::problem::MethodRow;
use crate::solve::options::{Given, OptionProblem, check, wants};
use crate::solve::{find, methods};

/// One option of one method.
#[derive(Clone, PartialEq, Debug)]
pub struct MethodOption {
    /// The method.
    pub method: &'static str,
    /// The option's name.
    pub option: &'static str,
    /// Its value, which the option takes.
    pub value: Given,
}

impl MethodOption {
    /// Reads `METHOD.OPTION` and a value; `None` when the name has no dot, and so is a param's.
    ///
    /// # Errors
    /// No such method, no such option, a value the option does not take.
    pub fn read(name: &str, value: &str) -> Option<Result<Self, LimitError>> {
        let (method, option) = name.split_once('.')?;
        Some(read(method, option, value).map_err(|(reason, help)| LimitError::BadArgument {
            argument: format!("--set {name}={value}"),
            reason,
            help: Some(help),
        }))
    }

    /// `method.option`.
    pub fn name(&self) -> Name {
        format!("{}.{}", self.method, self.option).into()
    }
}

/// The option, or what is wrong and what would be right.
fn read(method: &str, option: &str, value: &str) -> Result<MethodOption, (String, String)> {
    let row = find(method).ok_or_else(|| {
        let help = hint(method, methods().iter().map(|row| row.name), "`optc methods` lists all");
        (format!("there is no method `{method}`"), help)
    })?;
    let known = row.options.iter().find(|known| known.name == option).ok_or_else(|| {
        let names = row.options.iter().map(|known| known.name);
        let all = format!("`optc methods {method}` lists them");
        (format!("`{method}` has no such option"), hint(option, names, &all))
    })?;
    let given = Given::from_text(value);
    match check(known, given.clone()) {
        Ok(_) => Ok(MethodOption { method: row.name, option: known.name, value: given }),
        Err(OptionProblem::OutOfRange { row, .. } | OptionProblem::WrongKind(row)) => {
            Err((format!("it must be {}", wants(row)), row.doc.to_string()))
        }
        Err(problem) => Err((problem.to_string(), known.doc.to_string())),
    }
}

fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>, all: &str) -> String {
    match closest(name, known) {
        Some(close) => format!("did you mean `{close}`? {all}"),
        None => all.to_string(),
    }
}

/// What is given for `row`.
pub fn of<'a>(options: &'a [MethodOption], row: &MethodRow) -> impl Iterator<Item = &'a MethodOption> {
    let method = row.name;
    options.iter().filter(move |option| option.method == method)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(name: &str, value: &str) -> (String, String) {
        match MethodOption::read(name, value) {
            Some(Err(LimitError::BadArgument { argument, reason, help })) => {
                assert_eq!(argument, format!("--set {name}={value}"));
                (reason, help.unwrap_or_default())
            }
            other => panic!("{name}={value}: {other:?}"),
        }
    }

    #[test]
    fn names_with_a_dot_are_options_and_others_are_params() {
        assert!(MethodOption::read("lambda", "3").is_none());
        let read = MethodOption::read("lbfgs.memory", "5").unwrap().unwrap();
        assert_eq!((read.method, read.option, &*read.name()), ("lbfgs", "memory", "lbfgs.memory"));
        let word = MethodOption::read("sqp.hessian", "bfgs").unwrap().unwrap();
        assert_eq!(word.value, Given::Word("bfgs".into()));
    }

    #[test]
    fn what_is_wrong_comes_with_what_is_right() {
        assert_eq!(wrong("lbgfs.memory", "5").1, "did you mean `lbfgs`? `optc methods` lists all");
        assert_eq!(wrong("lbfgs.memry", "5").1, "did you mean `memory`? `optc methods lbfgs` lists them");
        assert_eq!(
            wrong("lbfgs.zzzzzz", "5"),
            ("`lbfgs` has no such option".into(), "`optc methods lbfgs` lists them".into())
        );
        assert_eq!(wrong("lbfgs.memory", "0").0, "it must be an integer from 1 to 100");
        assert_eq!(wrong("lbfgs.memory", "2.5").0, "it must be an integer from 1 to 100");
        assert_eq!(wrong("lbfgs.memory", "many").0, "it must be an integer from 1 to 100");
        assert_eq!(wrong("sqp.hessian", "gauss").0, "it must be one of `exact`, `bfgs`");
        assert_eq!(wrong(".memory", "5").0, "there is no method ``");
        assert_eq!(wrong("lbfgs.", "5").0, "`lbfgs` has no such option");
    }
}
