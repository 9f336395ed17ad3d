//! Errors of files, usage and limits (E09xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of files, usage and limits (E09xx).
    pub enum LimitError {
        /// `optc solve missing.opt`.
        CannotRead "E0901" { path: String, reason: String, needed_at: Option<Span> } =>
            Message::error(format!("cannot read `{path}`: {reason}")).label_opt(*needed_at, "needed here")
                .help_opt(needed_at.map(|_| "paths are relative to the folder of the model".to_string())),

        /// More than 10 000 brackets inside one another.
        TooDeep "E0910" { at: Span, most: usize } =>
            Message::error(format!("this is nested more than {most} levels deep"))
                .label(*at, format!("level {} begins here", most + 1))
                .help("give inner parts a name with `let` and use the name"),

        /// A model of more than a gibibyte, or a word of more than 16 MiB.
        TooLong "E0911" { at: Span, what: String, bytes: usize, most: usize } =>
            Message::error(format!("{what} has {bytes} bytes, and at most {most} can be read"))
                .label(*at, "too long")
                .help("put large data into a file of its own and read it with `param … from` or `table … from`"),

        /// `set I = 1..1000000000`: more elements than are accepted.
        TooManyElements "E0916" { at: Span, count: Option<usize>, most: usize } =>
            Message::error(match count {
                Some(count) => format!("this has {count} elements, and at most {most} are accepted"),
                None => format!("this has more elements than can be counted, and at most {most} are accepted"),
            })
                .label(*at, "too many elements")
                .help("use a smaller range, or add a filter after the last index: `if …`"),

        /// `{i in I, j in J if c[i, j] < 3}` over sets of a million elements each.
        TooManyTries "E0914" { at: Span, count: Option<usize>, most: usize } =>
            Message::error(match count {
                Some(count) => format!("there are {count} combinations to go through, and at most {most} are accepted"),
                None => format!("there are more combinations to go through than can be counted; at most {most} are accepted"),
            })
                .label(*at, "too many combinations")
                .help("tie the indices by an equality, such as `if b.from == i`: then only matching elements are visited"),

        /// Data that need more memory than the session allows.
        TooMuchMemory "E0915" { at: Span, bytes: Option<usize>, most: usize } =>
            Message::error(format!("binding the data needs more than the {} MB that are allowed", most >> 20))
                .label(*at, match bytes {
                    Some(bytes) => format!("this alone needs {} MB", bytes >> 20),
                    None => "needs more than can be counted".to_string(),
                })
                .help("use smaller sets, or filter them before they are combined"),

        /// A file that is not text.
        NotUtf8 "E0912" { path: String, line: usize, needed_at: Option<Span> } =>
            Message::error(format!("line {line} of `{path}` is not UTF-8 text"))
                .label_opt(*needed_at, "needed here")
                .help("save the file as UTF-8; in most editors this is a choice of “save as”"),

        /// `optc solve model.opt --tol -1`.
        BadArgument "E0902" { argument: String, reason: String, help: Option<String> } =>
            Message::error(format!("`{argument}` cannot be used: {reason}")).help_opt(help.clone()),

        /// `--start-from x.csv`: a file that no `--json` or `--out x.json` wrote.
        NoReport "E0904" { path: String, reason: String } =>
            Message::error(format!("`{path}` is not a report of optc: {reason}"))
                .help("`--start-from` reads what `optc solve --json` prints and `--out x.json` writes"),

        /// `--start-from x.json` with three values for four elements, or a value that is not a number.
        WrongReport "E0905" { path: String, name: String, reason: String } =>
            Message::error(format!("`{name}` in `{path}` cannot be used: {reason}"))
                .help("write the report again with `optc solve MODEL --out x.json`"),

        /// `--start-from x.json` with the report of another model.
        NothingMatches "E0906" { path: String, names: String } =>
            Message::error(format!("`{path}` has no value for any variable of this model"))
                .note_opt((!names.is_empty()).then(|| format!("it is about {names}")).as_deref())
                .help("variables are matched by name and subscript; leave `--start-from` out to begin at the model's own start"),

        /// A matrix of derivatives, or the memory of a method, beyond the limit.
        TooLarge "E0903" { what: String, reason: String } =>
            Message::error(format!("{what} would be too large: {reason}"))
                .help("use smaller sets, or a method that needs less memory such as `solve with lbfgs`"),

        /// `optc emit --stage asm` where no code can be made.
        NoMachineCode "E0921" { reason: String } =>
            Message::error(format!("there is no machine code to show: {reason}"))
                .help("the other stages can be shown on every machine; solving uses the portable executor"),

        /// `:plt f` in `optc repl`.
        UnknownCommand "E0930" { at: Span, word: String, suggestion: Option<String> } =>
            Message::error(format!("there is no command `:{word}`"))
                .label(*at, "not a command")
                .help(match suggestion {
                    Some(close) => format!("did you mean `:{close}`? `:help` lists all"),
                    None => "`:help` lists all commands; without `:` it is an expression or a statement".to_string(),
                }),

        /// `:plot f` in `optc repl`, without a range.
        CommandUsage "E0931" { at: Span, reason: String, usage: String, example: String, instead: Option<String> } =>
            Message::error(reason.clone())
                .label(*at, format!("it reads `{usage}`"))
                .help(match instead {
                    Some(line) => format!("write `{line}`"),
                    None => format!("for example `{example}`"),
                }),

        /// `plot sin(x)` in `optc repl`, without a `:` before it.
        WithoutColon "E0934" { at: Span, word: String, line: String } =>
            Message::error(format!("`{word}` is read as a name: commands begin with `:`"))
                .label(*at, "no name of this model")
                .help(format!("write `{line}`")),

        /// Ctrl-C while an expression was evaluated in `optc repl`.
        Interrupted "E0933" {} =>
            Message::error("interrupted before the value was known").help("nothing was changed"),

        /// `x = 3` in `optc repl`.
        Assignment "E0932" { at: Span, name: Name, text: String, found: Option<&'static str> } =>
            Message::error(format!("`{text}` says neither what `{name}` is nor where it stands"))
                .label(*at, match found {
                    Some(what) => format!("`{name}` is {what}"),
                    None => format!("nothing is called `{name}`"),
                })
                .help(match found {
                    Some("a variable") => format!("`:at {text}` moves the point; `{name} == …` compares"),
                    Some("a param") => format!("`param {text}` gives it another value; `{name} == …` compares"),
                    Some(_) => format!("`let {text}` defines it anew; `{name} == …` compares"),
                    None => format!("`let {text}` defines it, `param {text}` makes it a number that can be changed, `var {name}` a variable"),
                }),

        /// A head with more than a thousand indices.
        TooManyIndices "E0919" { at: Span, found: usize, most: usize } =>
            Message::error(format!("there are {found} indices here, and at most {most} can be used"))
                .label(*at, "too many")
                .help("a set of tuples from a file has one index, whatever its size"),

        /// `exp(exp(exp(…)))`, hundreds of levels deep.
        TooTall "E0920" { at: Span, most: usize } =>
            Message::error(format!("functions of variables stand inside one another more than {most} levels deep"))
                .label(*at, format!("level {} is reached here", most + 1))
                .help("make a part inside a variable of its own: `var y`, and `y == …` as a constraint"),

        /// Functions that call functions that call functions: written out they are too large.
        TooMuchInlining "E0913" { at: Span, limit: usize } =>
            Message::error(format!("written out, this model has more than {limit} expressions"))
                .label(*at, "the limit is reached here")
                .help("name shared results with `let`: it is computed once"),
    }
}
