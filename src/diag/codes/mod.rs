//! All errors, one file an area. **To add one: a row in the area's file and a page `docs/errors/CODE.md`.**

pub mod class;
pub mod data;
pub mod domain;
pub mod kind;
pub mod limit;
pub mod name;
pub mod option;
pub mod shape;
pub mod syntax;

use super::Message;

macro_rules! areas {
    ($($variant:ident($ty:ty)),* $(,)?) => {
        /// Everything that can be wrong in a model, its data or its use.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)]
        pub enum Error {
            $( $variant($ty) ),*
        }

        $(
            impl From<$ty> for Error {
                fn from(error: $ty) -> Self {
                    Self::$variant(error)
                }
            }
        )*

        impl Error {
            /// The code, e.g. `E0302`.
            pub fn code(&self) -> &'static str {
                match self { $( Self::$variant(e) => e.code() ),* }
            }

            /// Title, labels and help.
            pub fn message(&self) -> Message {
                match self { $( Self::$variant(e) => e.message() ),* }
            }
        }

        /// Every code, in order of area and row.
        pub fn all_codes() -> Vec<&'static str> {
            let mut codes = Vec::new();
            $( codes.extend_from_slice(<$ty>::CODES); )*
            codes
        }
    };
}

impl Error {
    /// The name this error says nobody has declared, if that is what it says.
    pub fn missing_name(&self) -> Option<&crate::base::Name> {
        match self {
            Self::Name(name::NameError::UnknownName { name, .. }) => Some(name),
            Self::Name(name::NameError::UnknownFunction { name, .. }) => Some(name),
            Self::Name(name::NameError::NotAConstraint { name, found: None, .. }) => name.as_ref(),
            _ => None,
        }
    }
}

areas! {
    Syntax(syntax::SyntaxError),
    Name(name::NameError),
    Shape(shape::ShapeError),
    Kind(kind::KindError),
    Data(data::DataError),
    Domain(domain::DomainError),
    Option(option::OptionError),
    Class(class::ClassError),
    Limit(limit::LimitError),
}
