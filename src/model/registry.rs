//! The registry macro: a family of models as one closed enum.
//!
//! # Rule
//! A family is an enum with one variant per kind, each holding the kind's own type; every method of
//! the contract is a `match` that the compiler checks and inlines. A new kind is one new file and
//! one line in the family's list.
//! # Assumes
//! All kinds are known when the program is built.
//! # Breaks
//! Kinds cannot be added at run time, and need not: their numbers can (cards).
//! # Source
//! The closed-enum alternative to trait objects; no dynamic dispatch in an engine's hot path.

/// Declares the enum of a family and its contract.
macro_rules! kinds {
    (
        $(#[$meta:meta])*
        enum $Family:ident: $Contract:ident $list:tt
        read { $( fn $read:ident(&self $(, $r_arg:ident: $R:ty)* $(,)?) -> $ROut:ty; )* }
        write { $( fn $write:ident(&mut self $(, $w_arg:ident: $W:ty)* $(,)?) -> $WOut:ty; )* }
    ) => {
        kinds!(@enum $(#[$meta])* $Family $list);

        impl $Contract for $Family {
            $( fn $read(&self $(, $r_arg: $R)*) -> $ROut {
                kinds!(@call self, $list, $read, ($($r_arg),*))
            } )*
            $( fn $write(&mut self $(, $w_arg: $W)*) -> $WOut {
                kinds!(@call self, $list, $write, ($($w_arg),*))
            } )*
        }
    };
    (@enum $(#[$meta:meta])* $Family:ident {
        $( $(#[$doc:meta])* $Kind:ident($Type:ty), )+
    }) => {
        $(#[$meta])*
        pub enum $Family {
            $( $(#[$doc])* $Kind($Type), )+
        }

        $( impl From<$Type> for $Family {
            fn from(kind: $Type) -> Self {
                Self::$Kind(kind)
            }
        } )+
    };
    (@call $this:expr, {
        $( $(#[$doc:meta])* $Kind:ident($Type:ty), )+
    }, $method:ident, $args:tt) => {
        match $this {
            $( Self::$Kind(kind) => kind.$method $args, )+
        }
    };
}

pub(super) use kinds;
