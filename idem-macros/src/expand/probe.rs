//! Reading and writing what may lack serde, without an error of its own.
//!
//! A payload or outcome without serde is reported once, by the assertion that requires it. Everything else that reads
//! or writes such a type goes through `Probe`: its inherent functions exist only for types with serde, and where they
//! do not, the compiler finds those of the trait. The same way an outcome is cloned only where it is `Clone`.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::Types;
use super::{assumed, outside};
use crate::model::Model;

pub(super) fn expand(model: &Model, types: &Types) -> TokenStream {
    let krate = &model.krate;
    let private = quote!(#krate::__private);
    let machine = outside(model);
    let assumed = assumed(model, &machine);
    let assertions = types.assertions(krate);
    let result = quote!(::core::result::Result);
    quote! {
        #assertions

        #[doc(hidden)]
        #[allow(dead_code)]
        struct Probe<__T>(::core::marker::PhantomData<__T>);

        #[allow(dead_code)]
        impl<__T: #private::State> Probe<__T>
        where
            #assumed
        {
            fn encode(__value: &__T) -> #result<#private::Stored, #private::WireError> {
                #private::Stored::encode(__value)
            }

            fn decode(__stored: &#private::Stored) -> #result<__T, #private::WireError> {
                __stored.decode()
            }

            pub(super) fn read<'de, __D: #private::serde::Deserializer<'de>>(__payload: __D) -> #result<__T, __D::Error> {
                #private::serde::Deserialize::deserialize(__payload)
            }

            fn serialize<__S: #private::serde::Serializer>(
                __value: &__T,
                __serializer: __S,
            ) -> #result<__S::Ok, __S::Error> {
                #private::serde::Serialize::serialize(__value, __serializer)
            }
        }

        #[allow(dead_code)]
        impl<__T: ::core::clone::Clone + 'static> Probe<__T> {
            fn copy(__outcome: &__T, __reply: fn(__T) -> Reply, __copy: &mut dyn ::core::any::Any) {
                #private::copy_outcome(__outcome, __reply, __copy)
            }
        }

        #[doc(hidden)]
        #[allow(dead_code)]
        trait Unstored<__T> {
            fn encode(_: &__T) -> #result<#private::Stored, #private::WireError> {
                #result::Err(#private::WireError::Format(::core::option::Option::None))
            }

            fn decode(_: &#private::Stored) -> #result<__T, #private::WireError> {
                #result::Err(#private::WireError::Format(::core::option::Option::None))
            }

            fn read<'de, __D: #private::serde::Deserializer<'de>>(_: __D) -> #result<__T, __D::Error> {
                #result::Err(#private::serde::de::Error::custom("no serde"))
            }

            fn serialize<__S: #private::serde::Serializer>(_: &__T, _: __S) -> #result<__S::Ok, __S::Error> {
                #result::Err(#private::serde::ser::Error::custom("no serde"))
            }

            fn copy(_: &__T, _: fn(__T) -> Reply, _: &mut dyn ::core::any::Any) {}
        }

        impl<__T> Unstored<__T> for Probe<__T> {}
    }
}
