//! Which types a signature may name: those that mean the same outside the function.
//!
//! A type is checked only as it is written; the compiler checks what an alias hides.

use crate::errors::Errors;
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type, TypeReference};

/// A type without the groups and parentheses around it.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        ty => ty,
    }
}

/// The type after the `&` of state or resources, if it can be owned.
pub(crate) fn lent<'a>(reference: &'a TypeReference, errors: &mut Errors) -> Option<&'a Type> {
    let sign = if reference.mutability.is_some() { "&mut " } else { "&" };
    if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident != "_") {
        let message = format!(
            "state and resources are borrowed for one call, so `{lifetime}` has no meaning here: write `{sign}{}`",
            shown(&reference.elem)
        );
        errors.refuse::<()>(lifetime, message);
    }
    let ty = peel(&reference.elem);
    let instead = match ty {
        Type::TraitObject(_) if reference.mutability.is_some() => {
            let message = format!(
                "state is saved and restored by another invocation, but `{}` cannot be: write a type that implements `Serialize`, `DeserializeOwned`, `Default` and `Clone`",
                shown(ty)
            );
            return errors.refuse(ty, message);
        }
        Type::TraitObject(_) => Some(format!("{sign}Box<{}>", shown(ty))),
        Type::Slice(slice) => Some(format!("{sign}Vec<{}>", shown(&slice.elem))),
        Type::Path(path) if path.path.is_ident("str") => Some(format!("{sign}String")),
        Type::Reference(inner) => Some(format!("{sign}{}", shown(&inner.elem))),
        _ => None,
    };
    match instead {
        Some(write) => {
            let what = match ty {
                Type::Reference(_) => "is a reference to a reference",
                _ => "is unsized",
            };
            errors.refuse(ty, format!("state and resources must be owned types, but `{}` {what}: write `{write}`", shown(ty)))
        }
        None => owned(ty, errors),
    }
}

/// The type without the groups around it, unless it borrows or says `impl Trait`: it must have a meaning outside the function.
pub(crate) fn owned<'a>(ty: &'a Type, errors: &mut Errors) -> Option<&'a Type> {
    nothing_borrowed(ty, errors).then(|| peel(ty))
}

fn nothing_borrowed(ty: &Type, errors: &mut Errors) -> bool {
    match ty {
        Type::Reference(reference) if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") => {
            let write = match peel(&reference.elem) {
                Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
                Type::Slice(slice) => format!("Vec<{}>", shown(&slice.elem)),
                ty => shown(ty),
            };
            errors.refuse::<()>(
                ty,
                format!("the input and result of a job must own their data, but `{}` borrows it: write `{write}`", shown(ty)),
            );
            false
        }
        Type::ImplTrait(_) => {
            errors.refuse::<()>(ty, "the job needs the name of this type, which `impl Trait` hides: write the type").is_some()
        }
        Type::Infer(_) => errors.refuse::<()>(ty, "a signature cannot leave a type open: write the type").is_some(),
        Type::Group(group) => nothing_borrowed(&group.elem, errors),
        Type::Paren(paren) => nothing_borrowed(&paren.elem, errors),
        Type::Array(array) => nothing_borrowed(&array.elem, errors),
        Type::Slice(slice) => nothing_borrowed(&slice.elem, errors),
        Type::Tuple(tuple) => every(&tuple.elems, |ty| nothing_borrowed(ty, errors)),
        Type::Path(path) => every(&path.path.segments, |segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => every(&arguments.args, |argument| match argument {
                GenericArgument::Type(ty) => nothing_borrowed(ty, errors),
                GenericArgument::Lifetime(lifetime) if lifetime.ident == "_" => {
                    let message = "the input and result of a job must own their data, but this type borrows it: use a type without a lifetime";
                    errors.refuse::<()>(lifetime, message).is_some()
                }
                _ => true,
            }),
            _ => true,
        }),
        _ => true,
    }
}

/// Unlike `all`, it asks about each, so that each mistake is reported.
fn every<T>(items: impl IntoIterator<Item = T>, mut fine: impl FnMut(T) -> bool) -> bool {
    let mut all = true;
    for item in items {
        all &= fine(item);
    }
    all
}

/// A type as people write it, for a message.
pub(crate) fn shown(ty: &Type) -> String {
    [(" <", "<"), ("< ", "<"), (" >", ">"), (" ::", "::"), (":: ", "::"), (" ,", ","), ("& ", "&"), ("( ", "("), (" )", ")")]
        .into_iter()
        .fold(ty.to_token_stream().to_string(), |text, (wide, tight)| text.replace(wide, tight))
}
