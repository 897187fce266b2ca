#include "service/access/rules.h"

#include <functional>

#include "absl/container/flat_hash_map.h"
#include "authzed/api/v1/experimental_service.pb.h"
#include "authzed/api/v1/permission_service.pb.h"
#include "authzed/api/v1/schema_service.pb.h"
#include "authzed/api/v1/watch_service.pb.h"
#include "mandate/v1/admin_service.pb.h"
#include "mandate/v1/delegation_service.pb.h"
#include "mandate/v1/permission_service.pb.h"
#include "mandate/v1/relationship_service.pb.h"
#include "mandate/v1/schema_service.pb.h"
#include "mandate/v1/watch_service.pb.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

namespace az = ::authzed::api::v1;

absl::Status Denied(std::string_view message, std::string_view reason) {
  return WithReason(absl::PermissionDeniedError(AbslView(message)), reason);
}

// What one request names, held against the caller; the first that is not its own is what is left.
class Naming {
 public:
  explicit Naming(const Caller& caller) : caller_(caller) {}

  const absl::Status& status() const { return status_; }

  void Object(std::string_view type, std::string_view id, const std::string& field) {
    if (status_.ok() && !caller_.only->Covers(type, id)) Outside(Cat("`", type, ":", id, "`"), field);
  }
  template <typename Reference>
  void NativeObject(const Reference& object, const std::string& field) {
    Object(object.type(), object.id(), field);
  }
  void AuthzedObject(const az::ObjectReference& object, const std::string& field) {
    Object(object.object_type(), object.object_id(), field);
  }
  void Type(std::string_view type, const std::string& field) {
    if (status_.ok() && !caller_.only->CoversType(type)) Outside(Cat("every `", type, "`"), field);
  }
  void Filter(std::string_view type, std::string_view id, std::string_view prefix, const std::string& field) {
    if (!status_.ok()) return;
    if (type.empty()) return Outside("every type", field + ".resource_type");
    // Of an id and a prefix together the id decides.
    if (caller_.only->CoversPrefix(type, id.empty() ? prefix : id)) return;
    Outside(id.empty() ? Cat("every `", type, ":", prefix, "`") : Cat("`", type, ":", id, "`"), field);
  }
  void NativeFilter(const v1::RelationshipFilter& filter, const std::string& field) {
    Filter(filter.resource_type(), filter.resource_id(), filter.resource_id_prefix(), field);
  }
  void AuthzedFilter(const az::RelationshipFilter& filter, const std::string& field) {
    Filter(filter.resource_type(), filter.optional_resource_id(), filter.optional_resource_id_prefix(), field);
  }
  // What shows, or brings, relationships of others.
  void Never(bool asked, std::string_view what, const std::string& field) {
    if (!status_.ok() || !asked) return;
    status_ = WithField(
        Denied(Cat("this key is limited to ", caller_.only->ToString(), ", and ", what), "OUTSIDE_OF_KEY"), field);
  }

 private:
  void Outside(std::string_view what, const std::string& field) {
    status_ =
        WithField(Denied(Cat("this key is limited to ", caller_.only->ToString(), "; ", what, " is outside of it"),
                         "OUTSIDE_OF_KEY"),
                  field);
  }

  const Caller& caller_;
  absl::Status status_;
};

using Names = std::function<void(const Message&, Naming*)>;

struct Rule {
  Need need = Need::kAdmin;
  Names names;                                               // Null: nothing for a caller with `only`.
  std::function<bool(const Message&)> brings_relationships;  // Null: it cannot.
  Work work = Work::kQuestion;
};

constexpr char kContextual[] = "contextual relationships may speak of others";
constexpr char kExplanation[] = "an explanation shows relationships of others";

void NameItem(const v1::CheckItem& item, const std::string& path, Naming* naming) {
  naming->NativeObject(item.resource(), path + ".resource");
  naming->Never(item.contextual_size() > 0, kContextual, path + ".contextual");
}

void NameAction(const v1::Action& action, const std::string& path, Naming* naming) {
  naming->NativeObject(action.resource(), path + ".resource");
}

// All rules, by the type of the request.
class Rules {
 public:
  Rules() {
    AddPermissions();
    AddRelationships();
    AddDelegation();
    AddSchema();
    AddAuthzed();
    AddAdmin();
    AddWork();
  }

  const Rule* Find(const Descriptor* type) const {
    const auto it = rules_.find(type);
    return it == rules_.end() ? nullptr : &it->second;
  }

 private:
  template <typename Request>
  Rule& Add(Need need, void (*names)(const Request&, Naming*)) {
    Rule& rule = rules_[Request::descriptor()];
    rule.need = need;
    rule.work =
        need == Need::kWrite || need == Need::kAuthorize || need == Need::kAdmin ? Work::kWrite : Work::kQuestion;
    if (names != nullptr) {
      rule.names = [names](const Message& request, Naming* naming) {
        names(static_cast<const Request&>(request), naming);
      };
    }
    return rule;
  }
  // Nothing in it names a resource of somebody.
  template <typename Request>
  void AddPlain(Need need) {
    Add<Request>(need, [](const Request&, Naming*) {});
  }
  template <typename Request>
  void AddForAllResources(Need need) {
    Add<Request>(need, nullptr);
  }
  template <typename Request>
  static std::function<bool(const Message&)> Items() {
    return [](const Message& message) {
      for (const auto& item : static_cast<const Request&>(message).items()) {
        if (item.contextual_size() > 0) return true;
      }
      return false;
    };
  }

  void AddPermissions() {
    Add<v1::CheckRequest>(Need::kCheck, [](const v1::CheckRequest& request, Naming* naming) {
      NameItem(request.item(), "item", naming);
      naming->Never(request.explain(), kExplanation, "explain");
    }).brings_relationships = [](const Message& message) {
      return static_cast<const v1::CheckRequest&>(message).item().contextual_size() > 0;
    };
    Add<v1::CheckBatchRequest>(Need::kCheck, [](const v1::CheckBatchRequest& request, Naming* naming) {
      for (int i = 0; i < request.items_size(); ++i) NameItem(request.items(i), Cat("items[", i, "]"), naming);
      naming->Never(request.explain(), kExplanation, "explain");
    }).brings_relationships = Items<v1::CheckBatchRequest>();
    Add<v1::ListPermissionsRequest>(Need::kRead, [](const v1::ListPermissionsRequest& request, Naming* naming) {
      NameItem(request.item(), "item", naming);
    });
    AddForAllResources<v1::ExpandRequest>(Need::kRead);
    Add<v1::LookupResourcesRequest>(Need::kRead, [](const v1::LookupResourcesRequest& request, Naming* naming) {
      naming->Type(request.resource_type(), "resource_type");
      naming->Never(request.contextual_size() > 0, kContextual, "contextual");
    });
    Add<v1::LookupSubjectsRequest>(Need::kRead, [](const v1::LookupSubjectsRequest& request, Naming* naming) {
      naming->NativeObject(request.resource(), "resource");
      naming->Never(request.contextual_size() > 0, kContextual, "contextual");
    });
  }

  void AddRelationships() {
    Add<v1::WriteRequest>(Need::kWrite, [](const v1::WriteRequest& request, Naming* naming) {
      for (int i = 0; i < request.updates_size(); ++i) {
        naming->NativeObject(request.updates(i).relationship().resource(),
                             Cat("updates[", i, "].relationship.resource"));
      }
      for (int i = 0; i < request.preconditions_size(); ++i) {
        naming->NativeFilter(request.preconditions(i).filter(), Cat("preconditions[", i, "].filter"));
      }
    });
    Add<v1::DeleteRequest>(Need::kWrite, [](const v1::DeleteRequest& request, Naming* naming) {
      naming->NativeFilter(request.filter(), "filter");
      for (int i = 0; i < request.preconditions_size(); ++i) {
        naming->NativeFilter(request.preconditions(i).filter(), Cat("preconditions[", i, "].filter"));
      }
    });
    Add<v1::ImportRequest>(Need::kWrite, [](const v1::ImportRequest& request, Naming* naming) {
      for (int i = 0; i < request.relationships_size(); ++i) {
        naming->NativeObject(request.relationships(i).resource(), Cat("relationships[", i, "].resource"));
      }
    });
    Add<v1::ReadRequest>(Need::kRead, [](const v1::ReadRequest& request, Naming* naming) {
      naming->NativeFilter(request.filter(), "filter");
    });
    Add<v1::ExportRequest>(Need::kRead, [](const v1::ExportRequest& request, Naming* naming) {
      naming->NativeFilter(request.filter(), "filter");
    });
    Add<v1::WatchRequest>(Need::kRead, [](const v1::WatchRequest& request, Naming* naming) {
      if (request.filters().empty()) naming->Filter("", "", "", "filters");
      for (int i = 0; i < request.filters_size(); ++i)
        naming->NativeFilter(request.filters(i), Cat("filters[", i, "]"));
    });
  }

  void AddDelegation() {
    Add<v1::AuthorizeRequest>(Need::kAuthorize, [](const v1::AuthorizeRequest& request, Naming* naming) {
      NameAction(request.action(), "action", naming);
      naming->Never(request.explain(), kExplanation, "explain");
    });
    Add<v1::AuthorizeBatchRequest>(Need::kAuthorize, [](const v1::AuthorizeBatchRequest& request, Naming* naming) {
      for (int i = 0; i < request.actions_size(); ++i) NameAction(request.actions(i), Cat("actions[", i, "]"), naming);
    });
    AddForAllResources<v1::DelegateRequest>(Need::kWrite);
    AddForAllResources<v1::OpenSessionRequest>(Need::kWrite);
    AddForAllResources<v1::CloseSessionRequest>(Need::kWrite);
    AddForAllResources<v1::ApproveRequest>(Need::kWrite);
    AddForAllResources<v1::RevokeRequest>(Need::kWrite);
    AddForAllResources<v1::DescribeAuthorityRequest>(Need::kRead);
    AddForAllResources<v1::DescribeLedgerRequest>(Need::kRead);
    AddForAllResources<v1::ReadLedgerRequest>(Need::kRead);
    AddForAllResources<v1::ReplayLedgerRequest>(Need::kRead);
  }

  void AddSchema() {
    AddPlain<v1::ReadSchemaRequest>(Need::kRead);
    AddPlain<v1::ReflectSchemaRequest>(Need::kRead);
    AddPlain<v1::ReflectMemberRequest>(Need::kRead);
    AddPlain<v1::DiffSchemaRequest>(Need::kRead);
    AddForAllResources<v1::WriteSchemaRequest>(Need::kAdmin);
    AddPlain<az::ReadSchemaRequest>(Need::kRead);
    AddPlain<az::ReflectSchemaRequest>(Need::kRead);
    AddPlain<az::ComputablePermissionsRequest>(Need::kRead);
    AddPlain<az::DependentRelationsRequest>(Need::kRead);
    AddPlain<az::DiffSchemaRequest>(Need::kRead);
    AddForAllResources<az::WriteSchemaRequest>(Need::kAdmin);
  }

  void AddAuthzed() {
    Add<az::CheckPermissionRequest>(Need::kCheck, [](const az::CheckPermissionRequest& request, Naming* naming) {
      naming->AuthzedObject(request.resource(), "resource");
      naming->Never(request.with_tracing(), kExplanation, "with_tracing");
    });
    Add<az::CheckBulkPermissionsRequest>(
        Need::kCheck, [](const az::CheckBulkPermissionsRequest& request, Naming* naming) {
          for (int i = 0; i < request.items_size(); ++i) {
            naming->AuthzedObject(request.items(i).resource(), Cat("items[", i, "].resource"));
          }
          naming->Never(request.with_tracing(), kExplanation, "with_tracing");
        });
    AddForAllResources<az::ExpandPermissionTreeRequest>(Need::kRead);
    Add<az::LookupResourcesRequest>(Need::kRead, [](const az::LookupResourcesRequest& request, Naming* naming) {
      naming->Type(request.resource_object_type(), "resource_object_type");
    });
    Add<az::LookupSubjectsRequest>(Need::kRead, [](const az::LookupSubjectsRequest& request, Naming* naming) {
      naming->AuthzedObject(request.resource(), "resource");
    });
    Add<az::ReadRelationshipsRequest>(Need::kRead, [](const az::ReadRelationshipsRequest& request, Naming* naming) {
      naming->AuthzedFilter(request.relationship_filter(), "relationship_filter");
    });
    Add<az::WriteRelationshipsRequest>(Need::kWrite, [](const az::WriteRelationshipsRequest& request, Naming* naming) {
      for (int i = 0; i < request.updates_size(); ++i) {
        naming->AuthzedObject(request.updates(i).relationship().resource(),
                              Cat("updates[", i, "].relationship.resource"));
      }
      for (int i = 0; i < request.optional_preconditions_size(); ++i) {
        naming->AuthzedFilter(request.optional_preconditions(i).filter(),
                              Cat("optional_preconditions[", i, "].filter"));
      }
    });
    Add<az::DeleteRelationshipsRequest>(Need::kWrite,
                                        [](const az::DeleteRelationshipsRequest& request, Naming* naming) {
                                          naming->AuthzedFilter(request.relationship_filter(), "relationship_filter");
                                          for (int i = 0; i < request.optional_preconditions_size(); ++i) {
                                            naming->AuthzedFilter(request.optional_preconditions(i).filter(),
                                                                  Cat("optional_preconditions[", i, "].filter"));
                                          }
                                        });
    Add<az::ImportBulkRelationshipsRequest>(
        Need::kWrite, [](const az::ImportBulkRelationshipsRequest& request, Naming* naming) {
          for (int i = 0; i < request.relationships_size(); ++i) {
            naming->AuthzedObject(request.relationships(i).resource(), Cat("relationships[", i, "].resource"));
          }
        });
    Add<az::ExportBulkRelationshipsRequest>(
        Need::kRead, [](const az::ExportBulkRelationshipsRequest& request, Naming* naming) {
          naming->AuthzedFilter(request.optional_relationship_filter(), "optional_relationship_filter");
        });
    Add<az::WatchRequest>(Need::kRead, [](const az::WatchRequest& request, Naming* naming) {
      if (request.optional_object_types().empty() && request.optional_relationship_filters().empty()) {
        naming->Filter("", "", "", "optional_relationship_filters");
      }
      for (const std::string& type : request.optional_object_types()) naming->Type(type, "optional_object_types");
      for (int i = 0; i < request.optional_relationship_filters_size(); ++i) {
        naming->AuthzedFilter(request.optional_relationship_filters(i), Cat("optional_relationship_filters[", i, "]"));
      }
    });
    // Counters are refused, whoever asks.
    AddPlain<az::ExperimentalRegisterRelationshipCounterRequest>(Need::kRead);
    AddPlain<az::ExperimentalCountRelationshipsRequest>(Need::kRead);
    AddPlain<az::ExperimentalUnregisterRelationshipCounterRequest>(Need::kRead);
  }

  void AddAdmin() {
    AddForAllResources<v1::BackupRequest>(Need::kAdmin);
    AddForAllResources<v1::CompactRequest>(Need::kAdmin);
    AddForAllResources<v1::ReadStatsRequest>(Need::kRead);
  }

  template <typename... Requests>
  void SetWork(Work work) {
    ((rules_[Requests::descriptor()].work = work), ...);
  }
  void AddWork() {
    SetWork<v1::CheckBatchRequest, v1::ExpandRequest, v1::LookupResourcesRequest, v1::LookupSubjectsRequest,
            v1::ReadRequest, v1::ExportRequest, v1::ImportRequest, v1::DescribeLedgerRequest, v1::ReplayLedgerRequest,
            az::CheckBulkPermissionsRequest, az::ExpandPermissionTreeRequest, az::LookupResourcesRequest,
            az::LookupSubjectsRequest, az::ReadRelationshipsRequest, az::ImportBulkRelationshipsRequest,
            az::ExportBulkRelationshipsRequest, v1::BackupRequest, v1::CompactRequest>(Work::kList);
    // The ledger is read and watched by the same request.
    SetWork<v1::WatchRequest, v1::ReadLedgerRequest, az::WatchRequest>(Work::kWatch);
  }

  absl::flat_hash_map<const Descriptor*, Rule> rules_;
};

const Rule* FindRule(const Descriptor* type) {
  static const Rules& rules = *new Rules();
  return rules.Find(type);
}

std::string_view Allowed(Role role) {
  switch (role) {
    case Role::kReader: return "a reader checks, looks up and reads";
    case Role::kWriter: return "a writer may do all but write the schema, make backups and compact";
    case Role::kAdmin: return "an admin may do everything";
    case Role::kGateway: return "a gateway calls Check, CheckBatch, Authorize and AuthorizeBatch for agents alone";
  }
  return "";
}

}  // namespace

absl::Status MayDo(const Caller& caller, Need need) {
  bool may = false;
  switch (caller.role) {
    case Role::kReader: may = need == Need::kCheck || need == Need::kRead; break;
    case Role::kWriter: may = need != Need::kAdmin; break;
    case Role::kAdmin: may = true; break;
    case Role::kGateway: may = need == Need::kCheck || need == Need::kAuthorize; break;
  }
  if (may) return absl::OkStatus();
  return Denied(Cat("this key does not allow that: ", Allowed(caller.role)), "ROLE_NOT_ALLOWED");
}

Work WorkOf(const Message& request) {
  const Rule* const rule = FindRule(request.GetDescriptor());
  return rule == nullptr ? Work::kQuestion : rule->work;
}

Need NeedOf(const Descriptor& type) {
  const Rule* const rule = FindRule(&type);
  return rule == nullptr ? Need::kAdmin : rule->need;
}

absl::Status MayCall(const Caller& caller, const Message& request) {
  const Rule* const rule = FindRule(request.GetDescriptor());
  if (rule == nullptr) return Denied(Cat(request.GetTypeName(), " has no rule, and is closed"), "ROLE_NOT_ALLOWED");
  if (absl::Status s = MayDo(caller, rule->need); !s.ok()) return s;
  if (caller.role == Role::kGateway && rule->brings_relationships && rule->brings_relationships(request)) {
    return Denied("a gateway brings no contextual relationships: they could delegate anything", "ROLE_NOT_ALLOWED");
  }
  if (!caller.only) return absl::OkStatus();
  if (!rule->names) {
    return Denied(Cat("this key is limited to ", caller.only->ToString(), "; that call concerns all resources"),
                  "OUTSIDE_OF_KEY");
  }
  Naming naming(caller);
  rule->names(request, &naming);
  return naming.status();
}

absl::Status MayName(const Caller& caller, const ObjectRef& resource, const std::string& field) {
  if (!caller.only) return absl::OkStatus();
  Naming naming(caller);
  naming.Object(resource.type, resource.id, field);
  return naming.status();
}

absl::Status MayNameType(const Caller& caller, std::string_view type, const std::string& field) {
  if (!caller.only) return absl::OkStatus();
  Naming naming(caller);
  naming.Type(type, field);
  return naming.status();
}

}  // namespace mandate
