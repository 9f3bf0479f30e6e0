//! Reads the function's signature as a job: which parameter has which role.
//!
//! Roles come from the kind of the parameter, never from the name of a type: by value is the input, `&mut S` state, `&R` shared
//! resources. Nothing here looks at the body.

use crate::errors::Errors;
use crate::item::Function;
use crate::types::{self, peel};
use syn::{Attribute, FnArg, GenericParam, Ident, PatType, ReturnType, Signature, Type};

/// A function that can be a job.
pub(crate) struct Handler<'a> {
    pub(crate) name: &'a Ident,
    /// In the order of the parameters.
    pub(crate) roles: Vec<Role>,
    pub(crate) input: &'a Type,
    pub(crate) state: Option<&'a Type>,
    pub(crate) resources: Option<&'a Type>,
    pub(crate) output: &'a Type,
}

/// The role of a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Input,
    State,
    Resources,
}

impl Role {
    fn second(self) -> &'static str {
        match self {
            Self::Input => {
                "a job has one input, and this is a second parameter by value: take state by `&mut`, shared resources by `&`"
            }
            Self::State => "a job has one state, and this is a second `&mut` parameter: put both into one struct",
            Self::Resources => "a job has one value of resources, and this is a second `&` parameter: put both into one struct",
        }
    }
}

pub(crate) fn read<'a>(function: &Function, sig: &'a Signature, errors: &mut Errors) -> Option<Handler<'a>> {
    if sig.ident == "main" && sig.inputs.is_empty() {
        let message = "`main` cannot be the job: write the job as a function of its own, and `recursive_lambda::run::<job>().await` in `main`";
        return errors.refuse(&sig.ident, message);
    }
    modifiers(function, sig, errors);
    generics(sig, errors);
    let output = output(sig, errors);
    let mut roles = Roles::default();
    for parameter in &sig.inputs {
        match parameter {
            FnArg::Receiver(receiver) => {
                let message = "a job cannot be a method, because nothing could pass it a `self`: move the function out of the `impl`, and take shared resources by `&`";
                errors.refuse::<()>(receiver, message);
            }
            FnArg::Typed(parameter) => roles.read(parameter, errors),
        }
    }
    let [input, state, resources] = [Role::Input, Role::State, Role::Resources].map(|role| roles.of(role));
    if input.is_none() && sig.receiver().is_none() {
        roles.missing_input(sig, errors);
    }
    Some(Handler {
        name: &sig.ident,
        roles: roles.0.iter().map(|(role, ..)| *role).collect(),
        input: input?,
        state,
        resources,
        output: output?,
    })
}

fn modifiers(function: &Function, sig: &Signature, errors: &mut Errors) {
    if let Some(attr) = function.runtime() {
        let message =
            "this turns an `async fn` into an ordinary function, but a job must stay async: put it on `main`, which runs the job";
        errors.refuse::<()>(attr, message);
    }
    if sig.asyncness.is_none() {
        let message = if function.blocks {
            "a job must be an async function, and this one uses `block_on`: if `#[tokio::main]` is above the attribute, \
                    move it to `main`; otherwise write `async fn`, and `.await`"
        } else {
            "a job must be an async function: write `async fn`"
        };
        errors.refuse::<()>(sig.fn_token, message);
    }
    if let Some(constness) = &sig.constness {
        errors.refuse::<()>(constness, "a job cannot be `const`: remove it");
    }
    if !matches!(sig.safety, syn::Safety::Default) {
        errors.refuse::<()>(&sig.safety, "a job must be safe to call: remove `unsafe`, and use an `unsafe` block inside");
    }
    if let Some(abi) = &sig.abi {
        errors.refuse::<()>(abi, "a job must be a Rust function: remove the `extern`");
    }
    if let Some(variadic) = &sig.variadic {
        errors.refuse::<()>(variadic, "a job cannot have variable arguments: remove `...`");
    }
}

fn generics(sig: &Signature, errors: &mut Errors) {
    for parameter in &sig.generics.params {
        let message = match parameter {
            GenericParam::Lifetime(_) => {
                "a job cannot have a lifetime parameter, because its references live for one call: remove it"
            }
            GenericParam::Type(_) => "a job cannot have type parameters: write the types out, and one function for each",
            GenericParam::Const(_) => "a job cannot have const parameters: use a `const` item",
        };
        errors.refuse::<()>(parameter, message);
    }
    if sig.generics.params.is_empty()
        && let Some(clause) = &sig.generics.where_clause
    {
        errors.refuse::<()>(clause, "a job cannot have a `where` clause: remove it");
    }
}

fn output<'a>(sig: &'a Signature, errors: &mut Errors) -> Option<&'a Type> {
    match &sig.output {
        ReturnType::Type(_, ty) => types::owned(ty, errors),
        ReturnType::Default => errors.refuse_at(
            sig.paren_token.span.close(),
            "a job must return a `Result`, and this returns nothing: write `-> Result<(), Error>`",
        ),
    }
}

/// The parameters' roles and types; the type is missing if it was refused.
#[derive(Default)]
struct Roles<'a>(Vec<(Role, &'a PatType, Option<&'a Type>)>);

impl<'a> Roles<'a> {
    fn of(&self, wanted: Role) -> Option<&'a Type> {
        self.0.iter().find(|(role, ..)| *role == wanted).and_then(|(.., ty)| *ty)
    }

    fn read(&mut self, parameter: &'a PatType, errors: &mut Errors) {
        for attr in parameter.attrs.iter().filter(|attr| conditional(attr)) {
            errors.refuse::<()>(attr, "a parameter of a job cannot have a `cfg`: put it on the whole function");
        }
        let (role, ty) = match peel(&parameter.ty) {
            Type::Reference(reference) => {
                let role = if reference.mutability.is_some() { Role::State } else { Role::Resources };
                (role, types::lent(reference, errors))
            }
            ty => (Role::Input, types::owned(ty, errors)),
        };
        if let Some((_, first, _)) = self.0.iter().find(|(known, ..)| *known == role) {
            errors.refuse_second::<()>(&first.ty, &parameter.ty, role.second());
        }
        self.0.push((role, parameter, ty));
    }

    fn missing_input(&self, sig: &Signature, errors: &mut Errors) {
        // Given, but refused.
        if self.0.iter().any(|(role, ..)| *role == Role::Input) {
            return;
        }
        match self.0.as_slice() {
            [(_, only, _)] => {
                let inner = match peel(&only.ty) {
                    Type::Reference(reference) => types::shown(&reference.elem),
                    ty => types::shown(ty),
                };
                let message = format!(
                    "a job takes its input by value, but this is a reference: write `{inner}` if it is the batch, or add `batch: Batch<..>`"
                );
                errors.refuse::<()>(&only.ty, message);
            }
            _ => {
                let message = "a job must take a batch of records by value: add `batch: Batch<String>`";
                errors.refuse_at::<()>(sig.paren_token.span.join(), message);
            }
        }
    }
}

fn conditional(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}
