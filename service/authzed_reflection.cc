// What can be said about the schema in authzed.api.v1.
#include <algorithm>
#include <set>

#include "absl/strings/str_split.h"
#include "schema/dependencies.h"
#include "schema/diff.h"
#include "schema/reach.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/authzed_errors.h"
#include "service/authzed_services.h"
#include "service/authzed_wire.h"
#include "service/error_mapping.h"
#include "service/services.h"
#include "service/token.h"

namespace mandate {
namespace {

// Comments carry their delimiters there; we keep their text.
std::string Comment(const std::string& doc) {
  std::string comment;
  if (doc.empty()) return comment;
  for (const auto line : absl::StrSplit(doc, '\n')) comment += Cat(comment.empty() ? "" : "\n", "// ", StdView(line));
  return comment;
}

void ReflectTo(const Schema& schema, const SubjectType& subject, az::ReflectionTypeReference* wire) {
  wire->set_subject_definition_name(schema.definition(subject.type).name);
  if (subject.caveat != CaveatId::kNone) wire->set_optional_caveat_name(schema.caveat(subject.caveat).name);
  if (subject.relation != MemberId::kNone) {
    wire->set_optional_relation_name(schema.member(subject.relation).name);
  } else if (subject.wildcard) {
    wire->set_is_public_wildcard(true);
  } else {
    wire->set_is_terminal_subject(true);
  }
}

void ReflectTo(const Schema& schema, const Member& member, az::ReflectionRelation* wire) {
  wire->set_name(member.name);
  wire->set_comment(Comment(member.doc));
  wire->set_parent_definition_name(schema.definition(member.type).name);
  for (const SubjectType& subject : member.subject_types) ReflectTo(schema, subject, wire->add_subject_types());
}

void ReflectTo(const Schema& schema, const Member& member, az::ReflectionPermission* wire) {
  wire->set_name(member.name);
  wire->set_comment(Comment(member.doc));
  wire->set_parent_definition_name(schema.definition(member.type).name);
}

void ReflectTo(const Caveat& caveat, const CaveatParameter& parameter, az::ReflectionCaveatParameter* wire) {
  wire->set_name(parameter.name);
  wire->set_type(parameter.type);
  wire->set_parent_caveat_name(caveat.name);
}

void ReflectTo(const Caveat& caveat, az::ReflectionCaveat* wire) {
  wire->set_name(caveat.name);
  wire->set_comment(Comment(caveat.doc));
  wire->set_expression(caveat.expression);
  for (const CaveatParameter& parameter : caveat.parameters) ReflectTo(caveat, parameter, wire->add_parameters());
}

// Which parts of a schema are asked for.
class Wanted {
 public:
  using Filters = google::protobuf::RepeatedPtrField<az::ReflectionSchemaFilter>;
  explicit Wanted(const Filters& filters) : filters_(filters) {}

  absl::Status Admit() const {
    for (const az::ReflectionSchemaFilter& filter : filters_) {
      const bool of_member =
          !filter.optional_relation_name_filter().empty() || !filter.optional_permission_name_filter().empty();
      const char* wrong = nullptr;
      if (!filter.optional_caveat_name_filter().empty() &&
          (of_member || !filter.optional_definition_name_filter().empty())) {
        wrong = "a filter is of a caveat or of a definition; use two";
      } else if (of_member && filter.optional_definition_name_filter().empty()) {
        wrong = "a filter of relations or permissions names their definition as well";
      } else if (!filter.optional_relation_name_filter().empty() && !filter.optional_permission_name_filter().empty()) {
        wrong = "a filter is of relations or of permissions; use two";
      }
      if (wrong == nullptr) continue;
      return AuthzedError(absl::StatusCode::kInvalidArgument, az::ERROR_REASON_INVALID_FILTER, wrong,
                          {{"filter", filter.ShortDebugString()}});
    }
    return absl::OkStatus();
  }

  bool Has(const Definition& definition) const {
    return Any([&](const az::ReflectionSchemaFilter& filter) {
      return filter.optional_caveat_name_filter().empty() &&
             definition.name.starts_with(filter.optional_definition_name_filter());
    });
  }

  bool Has(const Definition& definition, const Member& member) const {
    return Any([&](const az::ReflectionSchemaFilter& filter) {
      if (!filter.optional_caveat_name_filter().empty()) return false;
      const std::string& own =
          member.is_permission ? filter.optional_permission_name_filter() : filter.optional_relation_name_filter();
      const std::string& other =
          member.is_permission ? filter.optional_relation_name_filter() : filter.optional_permission_name_filter();
      return definition.name.starts_with(filter.optional_definition_name_filter()) &&
             (own.empty() ? other.empty() : member.name.starts_with(own));
    });
  }

  bool Has(const Caveat& caveat) const {
    return Any([&](const az::ReflectionSchemaFilter& filter) {
      return filter.optional_definition_name_filter().empty() &&
             caveat.name.starts_with(filter.optional_caveat_name_filter());
    });
  }

 private:
  template <typename Matches>
  bool Any(const Matches& matches) const {
    return filters_.empty() || std::any_of(filters_.begin(), filters_.end(), matches);
  }

  const Filters& filters_;
};

void ReflectTo(const Schema& schema, const Definition& definition, const Wanted& wanted,
               az::ReflectionDefinition* wire) {
  wire->set_name(definition.name);
  wire->set_comment(Comment(definition.doc));
  for (MemberId id : definition.members) {
    const Member& member = schema.member(id);
    if (!wanted.Has(definition, member)) continue;
    if (member.is_permission) {
      ReflectTo(schema, member, wire->add_permissions());
    } else {
      ReflectTo(schema, member, wire->add_relations());
    }
  }
}

using AuthzedReferences = google::protobuf::RepeatedPtrField<az::ReflectionRelationReference>;

// Sorted by definition and name.
void ReflectTo(const Schema& schema, const std::vector<MemberId>& members, AuthzedReferences* wire) {
  std::set<std::tuple<std::string, std::string, bool>> sorted;
  for (MemberId id : members) {
    const Member& member = schema.member(id);
    sorted.emplace(schema.definition(member.type).name, member.name, member.is_permission);
  }
  for (const auto& [definition, name, is_permission] : sorted) {
    az::ReflectionRelationReference* reference = wire->Add();
    reference->set_definition_name(definition);
    reference->set_relation_name(name);
    reference->set_is_permission(is_permission);
  }
}

// One difference; false for what these messages cannot say.
bool ReflectTo(const Schema& before, const Schema& after, const Difference& difference,
               az::ReflectionSchemaDiff* wire) {
  static const Wanted::Filters kNoFilters;
  const auto definition = [&](const Schema& schema, az::ReflectionDefinition* out) {
    ReflectTo(schema, schema.definition(*schema.FindType(difference.name)), Wanted(kNoFilters), out);
  };
  const auto member = [&](const Schema& schema) -> const Member& {
    return schema.member(*schema.FindMember(*schema.FindType(difference.name), difference.member));
  };
  const auto caveat = [&](const Schema& schema) -> const Caveat& {
    return schema.caveat(*schema.FindCaveat(difference.name));
  };
  const auto parameter = [&](const Schema& schema, az::ReflectionCaveatParameter* out) {
    for (const CaveatParameter& each : caveat(schema).parameters) {
      if (each.name == difference.member) ReflectTo(caveat(schema), each, out);
    }
  };
  const auto subject_type = [&](const Schema& schema, const std::string& text,
                                az::ReflectionRelationSubjectTypeChange* out) {
    ReflectTo(after, member(after), out->mutable_relation());
    for (const SubjectType& each : member(schema).subject_types) {
      if (ShowSubjectType(schema, each) == text) ReflectTo(schema, each, out->mutable_changed_subject_type());
    }
  };
  switch (difference.kind) {
    case DifferenceKind::kDefinitionAdded: definition(after, wire->mutable_definition_added()); return true;
    case DifferenceKind::kDefinitionRemoved: definition(before, wire->mutable_definition_removed()); return true;
    case DifferenceKind::kDefinitionDocChanged:
      definition(after, wire->mutable_definition_doc_comment_changed());
      return true;
    case DifferenceKind::kRelationAdded: ReflectTo(after, member(after), wire->mutable_relation_added()); return true;
    case DifferenceKind::kRelationRemoved:
      ReflectTo(before, member(before), wire->mutable_relation_removed());
      return true;
    case DifferenceKind::kRelationDocChanged:
      ReflectTo(after, member(after), wire->mutable_relation_doc_comment_changed());
      return true;
    case DifferenceKind::kSubjectTypeAdded:
      subject_type(after, difference.after, wire->mutable_relation_subject_type_added());
      return true;
    case DifferenceKind::kSubjectTypeRemoved:
      subject_type(before, difference.before, wire->mutable_relation_subject_type_removed());
      return true;
    case DifferenceKind::kPermissionAdded:
      ReflectTo(after, member(after), wire->mutable_permission_added());
      return true;
    case DifferenceKind::kPermissionRemoved:
      ReflectTo(before, member(before), wire->mutable_permission_removed());
      return true;
    case DifferenceKind::kPermissionDocChanged:
      ReflectTo(after, member(after), wire->mutable_permission_doc_comment_changed());
      return true;
    case DifferenceKind::kPermissionExpressionChanged:
      ReflectTo(after, member(after), wire->mutable_permission_expr_changed());
      return true;
    case DifferenceKind::kCaveatAdded: ReflectTo(caveat(after), wire->mutable_caveat_added()); return true;
    case DifferenceKind::kCaveatRemoved: ReflectTo(caveat(before), wire->mutable_caveat_removed()); return true;
    case DifferenceKind::kCaveatDocChanged:
      ReflectTo(caveat(after), wire->mutable_caveat_doc_comment_changed());
      return true;
    case DifferenceKind::kCaveatExpressionChanged:
      ReflectTo(caveat(after), wire->mutable_caveat_expr_changed());
      return true;
    case DifferenceKind::kParameterAdded: parameter(after, wire->mutable_caveat_parameter_added()); return true;
    case DifferenceKind::kParameterRemoved: parameter(before, wire->mutable_caveat_parameter_removed()); return true;
    case DifferenceKind::kParameterTypeChanged: {
      auto* changed = wire->mutable_caveat_parameter_type_changed();
      parameter(after, changed->mutable_parameter());
      changed->set_previous_type(difference.before);
      return true;
    }
    case DifferenceKind::kDefinitionKindChanged:
    case DifferenceKind::kRuleAdded:
    case DifferenceKind::kRuleRemoved:
    case DifferenceKind::kRuleDocChanged: return false;
  }
  return false;
}

}  // namespace

grpc::Status AuthzedSchema::ReflectSchema(grpc::ServerContext* context, const az::ReflectSchemaRequest* request,
                                          az::ReflectSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  const Wanted wanted(request->optional_filters());
  if (absl::Status status = wanted.Admit(); !status.ok()) return ToAuthzed(status);
  auto view = AuthzedView(*database_, request->has_consistency(), request->consistency());
  if (!view.ok()) return ToAuthzed(view.status());
  const Schema& schema = view->plan->schema();
  for (const Definition& definition : schema.definitions()) {
    if (wanted.Has(definition)) ReflectTo(schema, definition, wanted, response->add_definitions());
  }
  for (const Caveat& caveat : schema.caveats()) {
    if (wanted.Has(caveat)) ReflectTo(caveat, response->add_caveats());
  }
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status AuthzedSchema::ComputablePermissions(grpc::ServerContext* context,
                                                  const az::ComputablePermissionsRequest* request,
                                                  az::ComputablePermissionsResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  const Relationship named{.resource = {request->definition_name(), ""}, .relation = request->relation_name()};
  auto view = AuthzedView(*database_, request->has_consistency(), request->consistency());
  if (!view.ok()) return ToAuthzed(view.status(), named);
  const Schema& schema = view->plan->schema();
  auto type = ResolveType(schema, request->definition_name(), "definition_name");
  if (!type.ok()) return ToAuthzed(type.status(), named);
  MemberId relation = MemberId::kNone;
  if (!request->relation_name().empty()) {
    auto found = ResolvePermission(schema, *type, request->relation_name(), "relation_name");
    if (!found.ok()) return ToAuthzed(found.status(), named);
    relation = *found;
  }
  const Reach reach = Reachability(schema).Of(*type, relation);
  std::vector<MemberId> members;
  for (size_t i = 0; i < schema.members().size(); ++i) {
    const auto id = static_cast<MemberId>(i);
    const Member& member = schema.member(id);
    if (id != relation && reach.Contains(member.root) &&
        schema.definition(member.type).name.starts_with(request->optional_definition_name_filter())) {
      members.push_back(id);
    }
  }
  ReflectTo(schema, members, response->mutable_permissions());
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status AuthzedSchema::DependentRelations(grpc::ServerContext* context,
                                               const az::DependentRelationsRequest* request,
                                               az::DependentRelationsResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  const Relationship named{.resource = {request->definition_name(), ""}, .relation = request->permission_name()};
  auto view = AuthzedView(*database_, request->has_consistency(), request->consistency());
  if (!view.ok()) return ToAuthzed(view.status(), named);
  const Schema& schema = view->plan->schema();
  auto type = ResolveType(schema, request->definition_name(), "definition_name");
  if (!type.ok()) return ToAuthzed(type.status(), named);
  auto permission = ResolvePermission(schema, *type, request->permission_name(), "permission_name");
  if (!permission.ok()) return ToAuthzed(permission.status(), named);
  if (!schema.member(*permission).is_permission) {
    return ToGrpc(AuthzedError(absl::StatusCode::kInvalidArgument, az::ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION,
                               Cat("`", request->permission_name(),
                                   "` is a relation, which depends on nothing; name "
                                   "a permission"),
                               {{"definition_name", request->definition_name()},
                                {"relation_or_permission_name", request->permission_name()}}));
  }
  ReflectTo(schema, DependenciesOf(schema, *permission), response->mutable_relations());
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

grpc::Status AuthzedSchema::DiffSchema(grpc::ServerContext* context, const az::DiffSchemaRequest* request,
                                       az::DiffSchemaResponse* response) {
  const Admission admission = gate_->Admit(*context, *request);
  if (!admission.ok()) return admission.Refused();
  if (absl::Status status = AdmitSchemaSize(request->comparison_schema()); !status.ok()) {
    return ToGrpc(WithField(std::move(status), "comparison_schema"));
  }
  auto view = AuthzedView(*database_, request->has_consistency(), request->consistency());
  if (!view.ok()) return ToAuthzed(view.status());
  const CompileResult compiled = CompileSchema(request->comparison_schema());
  if (!compiled.ok()) return AuthzedSchemaError(request->comparison_schema(), compiled.diagnostics);
  const Schema& before = view->plan->schema();
  for (const Difference& difference : DiffSchemas(before, *compiled.schema)) {
    if (ReflectTo(before, *compiled.schema, difference, response->add_diffs())) continue;
    return ToGrpc(absl::UnimplementedError(Cat("`", difference.name,
                                               "` differs in its kind or its rules, which this API cannot say; use ",
                                               "`mandate schema diff`")));
  }
  response->mutable_read_at()->set_token(EncodeToken(database_->store().database_id(), view->revision()));
  return grpc::Status::OK;
}

}  // namespace mandate
