// Searches of AuthZEN: only what is surely allowed is found. A page ends at its limit, or where it has taken long
// enough; its token is the revision that the whole search is answered at, and a cursor bound to the request.
#include <chrono>

#include "schema/reason.h"
#include "schema/text.h"
#include "service/cursor.h"
#include "service/http/authzen_names.h"
#include "service/http/authzen_resolve.h"
#include "service/http/authzen_server.h"
#include "service/token.h"
#include "service/wire_form.h"

namespace mandate {
namespace {

constexpr std::chrono::seconds kPageTimeMax{5};
constexpr size_t kFaultsShown = 10;

absl::Status BadToken(std::string_view why) {
  return Invalid(Cat("the page token ", why, "; send one that came with this same request, unchanged, or none"),
                 "PAGE_TOKEN_INVALID", "page.token");
}

// One page as it fills.
class Page {
 public:
  Page(AuthzenPage page, std::string fingerprint) : page_(std::move(page)), fingerprint_(std::move(fingerprint)) {}

  // The view to answer at, and the position to go on behind.
  absl::StatusOr<View> Open(const Database& database) {
    if (page_.token.empty()) return database.Head();
    const size_t dot = page_.token.find('.');
    if (dot == page_.token.npos) return BadToken("is malformed");
    auto revision = DecodeToken(database.store().database_id(), page_.token.substr(0, dot));
    if (!revision.ok()) return BadToken("is malformed, or of another database");
    auto after = DecodeCursor(fingerprint_, page_.token.substr(dot + 1));
    if (!after.ok()) return BadToken("is malformed, or of another request");
    after_ = *std::move(after);
    auto view = database.At(*revision);
    if (absl::IsOutOfRange(view.status())) return BadToken("is too old");
    return view;
  }

  const std::string& after() const { return after_; }

  // Whether to go on. `entity` is shown if the answer is an allowed one; `position` is where it was found.
  bool Add(const std::string& position, const absl::StatusOr<Decision>& decision, Json entity) {
    // At least one more than the page before, however long that took.
    if (results_.size() == page_.limit || (!last_.empty() && std::chrono::steady_clock::now() > end_)) {
      more_ = true;
      return false;
    }
    if (!decision.ok() && faults_.size() == kFaultsShown) {  // It is the next page's: none is left out unsaid.
      more_ = true;
      return false;
    }
    last_ = position;
    if (!decision.ok()) {
      entity["error"] = std::string(StdView(decision.status().message()));
      faults_.push_back(std::move(entity));
    } else if (*decision == Decision::kAllowed) {
      results_.push_back(std::move(entity));
    }
    return true;
  }

  // `token`: of the revision.
  HttpReply Reply(const std::string& token, bool everybody) {
    const size_t count = results_.size();
    Json json = {
        {"results", std::move(results_)},
        {"page", {{"count", count}, {"next_token", more_ ? Cat(token, ".", EncodeCursor(fingerprint_, last_)) : ""}}}};
    if (everybody) json["context"]["everybody"] = true;
    if (!faults_.empty()) json["context"]["unanswered"] = std::move(faults_);
    return AuthzenReply(json);
  }

 private:
  const AuthzenPage page_;
  const std::string fingerprint_;
  const std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + kPageTimeMax;
  std::string after_;
  std::string last_;
  Json results_ = Json::array();
  Json faults_ = Json::array();
  bool more_ = false;
};

absl::StatusOr<Decision> DecisionOf(const Found& found) {
  if (!found.error.ok()) return found.error;
  return found.decision;
}

// An agent is found once for each task: which one it was stands among its properties.
Json Entity(const std::string& type, const Found& found) {
  Json entity = {{"type", type}, {"id", TextOfId(found.id)}};
  if (found.principal) entity["properties"]["principal"] = ToText(*found.principal);
  if (found.task) entity["properties"]["task"] = ToText(*found.task);
  return entity;
}

absl::Status FindSubjects(const Database& database, const View& view, const CheckLimits& limits, const Caller& caller,
                          AuthzenQuestion authzen, Page* page, bool* everybody) {
  const Schema& schema = view.plan->schema();
  auto question = ResolveSubjects(schema, std::move(authzen));
  if (!question.ok()) return question.status();
  if (absl::Status s = MayName(caller, question->resource, "resource"); !s.ok()) return s;
  const auto type = schema.FindType(question->subject_type);
  if (type && schema.definition(*type).kind == Kind::kTask) return absl::OkStatus();  // None may do anything.
  question->after = page->after();
  return database.LookupSubjectsAt(view, *question, limits, [&](const Found& found) {
    // AuthZEN has no word for everybody. Whoever is named behind the `*` has a decision of their own.
    if (found.id == "*") {
      *everybody = found.error.ok() && found.decision == Decision::kAllowed;
      const absl::StatusOr<Decision> shown =
          found.error.ok() ? absl::StatusOr<Decision>(Decision::kDenied) : found.error;
      return page->Add(found.position(), shown, Entity(question->subject_type, found));
    }
    return page->Add(found.position(), DecisionOf(found), Entity(question->subject_type, found));
  });
}

absl::Status FindResources(const Database& database, const View& view, const CheckLimits& limits, const Caller& caller,
                           AuthzenQuestion authzen, Page* page) {
  auto question = ResolveResources(view.plan->schema(), std::move(authzen));
  if (!question.ok()) return question.status();
  if (absl::Status s = MayNameType(caller, question->resource_type, "resource.type"); !s.ok()) return s;
  question->after = page->after();
  return database.LookupResourcesAt(view, *question, limits, [&](const Found& found) {
    return page->Add(found.position(), DecisionOf(found), Entity(question->resource_type, found));
  });
}

absl::Status FindActions(const Database& database, const View& view, const CheckLimits& limits, const Caller& caller,
                         AuthzenQuestion authzen, Page* page) {
  const Schema& schema = view.plan->schema();
  auto question = ResolveActions(schema, std::move(authzen));
  if (!question.ok()) return question.status();
  if (absl::Status s = MayName(caller, question->resource, "resource"); !s.ok()) return s;
  auto type = ResolveType(schema, question->resource.type, "resource.type");
  if (!type.ok()) return type.status();
  Checker checker = database.CheckerFor(view, limits);
  bool reached = page->after().empty();
  for (MemberId id : schema.definition(*type).members) {
    const Member& member = schema.member(id);
    if (!reached) {
      reached = member.name == page->after();
      continue;
    }
    const auto action = ActionOf(member.name);
    if (!member.is_permission || !action) continue;
    question->permission = member.name;
    auto answer = checker.Check(*question);
    if (!answer.ok() && !HasNoAnswer(answer.status())) return answer.status();
    const absl::StatusOr<Decision> decision =
        answer.ok() ? absl::StatusOr<Decision>(answer->decision) : absl::StatusOr<Decision>(answer.status());
    if (!page->Add(member.name, decision, {{"name", *action}})) break;
  }
  return absl::OkStatus();
}

}  // namespace

HttpReply AuthzenServer::Search(const Admission& admission, std::string_view body, const Gone& gone,
                                AuthzenSought sought) {
  auto request = ParseJsonObject(body);
  if (!request.ok()) return AuthzenError(request.status());
  auto authzen = ReadQuestion(*request, sought);
  if (!authzen.ok()) return AuthzenError(authzen.status());
  auto limits_of_page = ReadPage(*request);
  if (!limits_of_page.ok()) return AuthzenError(limits_of_page.status());
  request->erase("page");
  Page page(*std::move(limits_of_page), Cat(static_cast<int>(sought), JsonText(*request)));
  bool everybody = false;
  auto view = page.Open(database_);
  const CheckLimits limits = LimitsFor(admission, gone);
  absl::Status status = view.status();
  if (status.ok() && sought == AuthzenSought::kSubject) {
    status = FindSubjects(database_, *view, limits, admission.caller(), *std::move(authzen), &page, &everybody);
  } else if (status.ok() && sought == AuthzenSought::kResource) {
    status = FindResources(database_, *view, limits, admission.caller(), *std::move(authzen), &page);
  } else if (status.ok()) {
    status = FindActions(database_, *view, limits, admission.caller(), *std::move(authzen), &page);
  }
  // What is not known is found nowhere.
  if (!status.ok() && !IsRefusal(status)) return AuthzenError(status);
  const std::string token = view.ok() ? EncodeToken(database_.store().database_id(), view->revision()) : "";
  return page.Reply(token, everybody);
}

HttpReply AuthzenServer::SearchSubject(const Admission& admission, std::string_view body, const Gone& gone) {
  return Search(admission, body, gone, AuthzenSought::kSubject);
}
HttpReply AuthzenServer::SearchResource(const Admission& admission, std::string_view body, const Gone& gone) {
  return Search(admission, body, gone, AuthzenSought::kResource);
}
HttpReply AuthzenServer::SearchAction(const Admission& admission, std::string_view body, const Gone& gone) {
  return Search(admission, body, gone, AuthzenSought::kAction);
}

}  // namespace mandate
