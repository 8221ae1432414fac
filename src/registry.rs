//! One line per member of an open set.

/// Declares the modules of a family and the slice `ALL` of their `SPEC`s, in the order given.
///
/// A new member is one new file that defines `pub static SPEC` and one line here; everything that
/// iterates `ALL` (configuration, metrics, tests) then knows it.
#[macro_export]
macro_rules! register {
    ($spec:ty: $($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every registered member.
        pub static ALL: &[&$spec] = &[$(&$name::SPEC),*];
    };
}
