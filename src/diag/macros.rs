//! The macro that makes an error one row: variant, code, fields and words.

/// Declares one area of errors.
///
/// Each row reads `Variant "E0101" { field: Type, ... } => message-expression`; the fields are in
/// scope (by reference) in the expression, which builds a [`Message`](crate::diag::Message) with
/// `Message::error(title)` or `Message::warning(title)`. The code is added by the macro.
#[macro_export]
macro_rules! error_codes {
    (
        $(#[$meta:meta])*
        pub enum $area:ident {
            $(
                $(#[$vmeta:meta])*
                $variant:ident $code:literal { $($field:ident : $ty:ty),* $(,)? } => $message:expr
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)]
        pub enum $area {
            $( $(#[$vmeta])* $variant { $($field: $ty),* } ),*
        }

        impl $area {
            /// Codes of this area with their documentation, in order.
            pub const CODES: &'static [&'static str] = &[$($code),*];

            /// The code, e.g. `E0302`.
            pub const fn code(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $code ),*
                }
            }

            /// Title, labels and help.
            pub fn message(&self) -> $crate::diag::Message {
                let mut message: $crate::diag::Message = match self {
                    $( Self::$variant { $($field),* } => $message ),*
                };
                message.code = self.code();
                message
            }
        }
    };
}
