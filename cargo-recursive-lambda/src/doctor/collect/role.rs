//! What the function's role may not do, by IAM's policy simulator.

use super::super::facts::{Deployed, FailedEvents, Known, Queue, Refusal, Refused, Runs};
use super::needs::{Asked, needs};
use super::unknown;
use aws_config::SdkConfig;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType, Statement};

pub(super) async fn refused(
    config: &SdkConfig,
    function: &Deployed,
    failed: &Known<FailedEvents>,
    queues: &Known<Vec<Queue>>,
    runs: &Known<Runs>,
) -> Known<Vec<Refused>> {
    let iam = aws_sdk_iam::Client::new(config);
    let mut refused = Vec::new();
    for asked in needs(function, failed, queues, runs) {
        let request = iam.simulate_principal_policy().policy_source_arn(&function.role);
        let actions = asked.actions.iter().map(ToString::to_string).collect();
        let resources = asked.resources.iter().map(|resource| resource.arn.clone()).collect();
        let request = request.set_action_names(Some(actions)).set_resource_arns(Some(resources));
        let answer = request.set_context_entries(Some(asked.context.iter().map(entry).collect())).send().await;
        let answer = answer.map_err(|error| unknown(&format!("simulate role `{}`", function.role), &error))?;
        refused.extend(answer.evaluation_results().iter().flat_map(decisions).filter_map(|decision| of(&asked, decision)));
    }
    Ok(refused)
}

fn entry((name, value): &(&str, String)) -> ContextEntry {
    let kind = if *name == "aws:SecureTransport" { ContextKeyTypeEnum::Boolean } else { ContextKeyTypeEnum::String };
    ContextEntry::builder().context_key_name(*name).context_key_values(value).context_key_type(kind).build()
}

/// One action on one resource.
struct Decision<'a> {
    action: &'a str,
    resource: &'a str,
    decision: &'a PolicyEvaluationDecisionType,
    missing: &'a [String],
    statements: &'a [Statement],
    by_boundary: bool,
    by_organization: bool,
}

/// IAM gives one result for an action, with the decision on each resource inside.
fn decisions(result: &EvaluationResult) -> Vec<Decision<'_>> {
    let organization = result.organizations_decision_detail();
    let by_organization = organization.is_some_and(|detail| !detail.allowed_by_organizations());
    let whole = Decision {
        action: result.eval_action_name(),
        resource: result.eval_resource_name().unwrap_or_default(),
        decision: result.eval_decision(),
        missing: result.missing_context_values(),
        statements: result.matched_statements(),
        by_boundary: result
            .permissions_boundary_decision_detail()
            .is_some_and(|detail| !detail.allowed_by_permissions_boundary()),
        by_organization,
    };
    match result.resource_specific_results() {
        [] => vec![whole],
        each => each
            .iter()
            .map(|one| Decision {
                resource: one.eval_resource_name(),
                decision: one.eval_resource_decision(),
                missing: one.missing_context_values(),
                statements: one.matched_statements(),
                by_boundary: one
                    .permissions_boundary_decision_detail()
                    .is_some_and(|detail| !detail.allowed_by_permissions_boundary()),
                ..whole
            })
            .collect(),
    }
}

fn of(asked: &Asked, decision: Decision<'_>) -> Option<Refused> {
    let Decision { action, resource, decision, missing, statements, by_boundary, by_organization } = decision;
    let known = asked.resources.iter().find(|each| each.arn == resource);
    let by = match decision {
        PolicyEvaluationDecisionType::Allowed => return None,
        _ if !missing.is_empty() => Refusal::DependsOn(missing.to_vec()),
        _ if by_organization => Refusal::Organization,
        _ if by_boundary => Refusal::Boundary,
        PolicyEvaluationDecisionType::ExplicitDeny => Refusal::Denied(statements.iter().map(place).collect()),
        _ if known.is_some_and(|resource| resource.is_guess) => Refusal::NotAllowedPerhaps,
        _ => Refusal::NotAllowed,
    };
    let pattern = known.map_or(resource, |resource| &resource.pattern);
    Some(Refused { need: asked.need, action: action.into(), resource: resource.into(), pattern: pattern.into(), by })
}

/// Where a statement is.
fn place(statement: &Statement) -> String {
    let policy = format!("policy `{}`", statement.source_policy_id().unwrap_or("without a name"));
    match statement.start_position() {
        Some(start) => format!("{policy}, line {}", start.line()),
        None => policy,
    }
}
