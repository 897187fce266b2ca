// `mandate who-can`: everybody who has a permission, people first, and under each the agents and sessions that act for
// them there. It is one lookup for each type that can hold it, all at the revision at which the schema was read.
//
//   user:alice
//     assistant:bot on errand:42
//     run:7 on errand:42
//   user:*  every user who is not named here
//   user:mallory  not this one
#include <iostream>
#include <map>

#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "schema/reach.h"
#include "schema/text.h"
#include "service/client.h"
#include "tools/answer_text.h"
#include "tools/delegation_commands.h"
#include "tools/exit_code.h"
#include "tools/options.h"
#include "tools/server_schema.h"

namespace mandate {
namespace {

// Somebody who has the permission.
struct Holder {
  ObjectRef who;
  Found found;
};

class WhoCanSearch {
 public:
  WhoCanSearch(Client* connection, ServerSchema schema, SubjectsQuestion question)
      : connection_(*connection), schema_(std::move(schema)), question_(std::move(question)) {}

  absl::Status Run() {
    const Schema& schema = *schema_.schema;
    const auto type = schema.FindType(question_.resource.type);
    const auto member = type ? schema.FindMember(*type, question_.permission) : std::nullopt;
    const Reachability reachability(schema);
    for (const Definition& definition : schema.definitions()) {
      if (definition.kind == Kind::kTask) continue;  // Never a subject that may do anything.
      // What the schema does not know is asked about all the same: the server's error says what is wrong.
      if (definition.kind == Kind::kDefinition && member) {
        const Reach reach = reachability.Of(*schema.FindType(definition.name), MemberId::kNone);
        if (!reach.Contains(schema.member(*member).root)) continue;
      }
      if (absl::Status status = Find(definition); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const std::vector<Holder>& people() const { return people_; }
  // Those that act for a principal there; everyone is somebody's.
  const std::map<ObjectRef, std::vector<Holder>>& acting() const { return acting_; }
  // Principals of somebody who acts, that are not among the people by name: a wildcard stands for them.
  std::vector<ObjectRef> Unnamed() const {
    std::vector<ObjectRef> unnamed;
    for (const auto& [acted_for, agents] : acting_) {
      const ObjectRef& principal = acted_for;  // C++20 lets a lambda capture it; clang 14 does not.
      const bool named =
          std::any_of(people_.begin(), people_.end(), [&](const Holder& holder) { return holder.who == principal; });
      if (!named) unnamed.push_back(principal);
    }
    return unnamed;
  }
  const std::string& token() const { return schema_.token; }

 private:
  absl::Status Find(const Definition& definition) {
    question_.subject_type = definition.name;
    return connection_.LookupSubjects(question_, {.at_token = schema_.token}, [&](const Client::LookedUp& page) {
      for (const Found& found : page.found) {
        Holder holder{{definition.name, found.id}, found};
        if (found.principal) {
          acting_[*found.principal].push_back(std::move(holder));
        } else {
          people_.push_back(std::move(holder));
        }
      }
    });
  }

  Client& connection_;
  const ServerSchema schema_;
  SubjectsQuestion question_;
  std::vector<Holder> people_;
  std::map<ObjectRef, std::vector<Holder>> acting_;
};

std::string Condition(const Found& found) {
  if (!found.error.ok()) return Cat("  no answer: ", found.error.message());
  if (found.decision != Decision::kConditional) return "";
  return Cat("  conditional, missing ", absl::StrJoin(found.missing_context, ", "));
}

void PrintActing(const WhoCanSearch& search, const ObjectRef& principal) {
  const auto acting = search.acting().find(principal);
  if (acting == search.acting().end()) return;
  for (const Holder& holder : acting->second) {
    std::cout << "  " << ToText(holder.who);
    if (holder.found.task) std::cout << " on " << ToText(*holder.found.task);
    std::cout << Condition(holder.found) << "\n";
  }
}

void PrintWho(const WhoCanSearch& search) {
  for (const Holder& holder : search.people()) {
    std::cout << ToText(holder.who);
    if (holder.who.id == "*") std::cout << "  every " << holder.who.type << " who is not named here";
    const bool excepted = holder.found.error.ok() && holder.found.decision == Decision::kDenied;
    std::cout << (excepted ? "  not this one" : Condition(holder.found)) << "\n";
    PrintActing(search, holder.who);
  }
  for (const ObjectRef& principal : search.Unnamed()) {
    std::cout << ToText(principal) << "  by " << principal.type << ":*\n";
    PrintActing(search, principal);
  }
}

nlohmann::json ToJson(const Holder& holder) {
  nlohmann::json json = {{"subject", ToText(holder.who)}};
  if (!holder.found.error.ok()) {
    json["error"] = std::string(holder.found.error.message());
  } else {
    json["decision"] = DecisionName(holder.found.decision);
  }
  if (!holder.found.missing_context.empty()) json["missing_context"] = holder.found.missing_context;
  if (holder.found.principal) json["principal"] = ToText(*holder.found.principal);
  if (holder.found.task) json["task"] = ToText(*holder.found.task);
  return json;
}

nlohmann::json ToJson(const WhoCanSearch& search) {
  nlohmann::json json = {
      {"people", nlohmann::json::array()}, {"acting", nlohmann::json::array()}, {"looked_up_at", search.token()}};
  for (const Holder& holder : search.people()) json["people"].push_back(ToJson(holder));
  for (const auto& [principal, acting] : search.acting()) {
    for (const Holder& holder : acting) json["acting"].push_back(ToJson(holder));
  }
  return json;
}

}  // namespace

int WhoCan(const ClientOptions& client, const WhoCanOptions& options) {
  auto goal = ParseGoal(options.goal);
  if (!goal.ok()) return Fail(goal.status());
  auto context = ContextOption(options.context);
  if (!context.ok()) return Fail(context.status());
  Client connection(client.server);
  auto schema = ReadServerSchema(connection, options.at);
  if (!schema.ok()) return Fail(schema.status());
  WhoCanSearch search(&connection, *std::move(schema),
                      {.resource = goal->resource, .permission = goal->permission, .context = *context});
  if (absl::Status status = search.Run(); !status.ok()) return Fail(status);
  if (client.json) {
    std::cout << ToJson(search).dump() << "\n";
  } else {
    PrintWho(search);
  }
  if (!search.people().empty()) return kExitOk;
  if (!client.json) std::cerr << "nobody\n";
  return kExitDenied;
}

}  // namespace mandate
