//! One layer of settings: a struct whose fields are all optional.

/// Defines a group of settings: its flags, and how one layer overrides another.
macro_rules! layer {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: Option<$kind:ty>,)* }) => {
        #[derive(Debug, Default, Clone, clap::Args)]
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub(super) $field: Option<$kind>,)*
        }

        impl $name {
            /// The values of this layer; where it has none, those of the layer below.
            pub(super) fn over(self, below: Self) -> Self {
                Self { $($field: self.$field.or(below.$field),)* }
            }
        }
    };
}

pub(super) use layer;
