#include "tools/reference/agreement.h"

#include <algorithm>

#include "schema/reason.h"
#include "schema/text.h"
#include "tools/reference/expanded_set.h"

namespace mandate {
namespace {

constexpr uint32_t kEveryLevel = 1'000'000;
constexpr std::string_view kCutShort = "cut short by the budget";

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) text += Cat(text.empty() ? "" : separator, part);
  return text;
}

std::string DecisionText(Decision decision, const std::vector<std::string>& missing) {
  if (decision == Decision::kAllowed) return "YES";
  if (decision == Decision::kDenied) return "NO";
  return Cat("CONDITIONAL ", Join(missing, ", "));
}

std::string ErrorText(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return Cat(absl::IsInvalidArgument(status) && !HasNoAnswer(status) ? "INVALID " : "ERROR ",
             reason.empty() ? status.ToString() : reason);
}

// The engine gave up on it, by its budget: that is no answer, and so no wrong one.
bool IsCutShort(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) || (absl::IsResourceExhausted(status) && !HasNoAnswer(status));
}

std::vector<std::string> VerdictTexts(const Verdict& verdict) {
  std::vector<std::string> texts;
  switch (verdict.truth) {
    case Truth::kNo: return {"NO"};
    case Truth::kYes: return {"YES"};
    case Truth::kConditional:
      return {Cat("CONDITIONAL ", Join({verdict.missing.begin(), verdict.missing.end()}, ", "))};
    case Truth::kUnknown:
      for (const std::string& error : verdict.errors) texts.push_back(Cat("ERROR ", error));
      return texts;
  }
  return texts;
}

bool Accepts(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string FoundText(const Found& found) {
  if (!found.error.ok()) return ErrorText(found.error);
  return Cat(DecisionText(found.decision, found.missing_context),
             found.principal ? Cat(" for ", ToText(*found.principal)) : "");
}

// The same words for what the reference says of one that may be found.
std::vector<std::string> FoundTexts(const ReferenceAnswer& answer) {
  if (answer.reason != DenialReason::kNone) return {"NO"};
  std::vector<std::string> texts = VerdictTexts(answer.verdict);
  if (!answer.principal || answer.verdict.truth == Truth::kUnknown) return texts;
  return {Cat(texts[0], " for ", ToText(*answer.principal))};
}

// Of a tree it is known that there is no answer, and whether that is for a circle.
std::string ExpandedText(const Verdict& verdict) {
  if (verdict.truth != Truth::kUnknown) return VerdictTexts(verdict)[0];
  const bool is_circle = verdict.errors.contains(std::string(kCycleThroughExclusion));
  return Cat("ERROR ", is_circle ? kCycleThroughExclusion : ExpandedSet::kBrokenCaveat);
}

// What a question brings along.
std::string WithText(const std::string& context, const std::vector<Relationship>& contextual) {
  std::string text = context.empty() ? "" : Cat(" with ", context);
  for (const Relationship& r : contextual) text += Cat(" with ", ToText(r));
  return text;
}

std::string Versus(std::string_view question, std::string_view way, std::string_view engine,
                   std::string_view reference) {
  return Cat(question, "\n  ", way, ": ", engine, "\n  reference: ", reference);
}

}  // namespace

std::string AnswerText(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return ErrorText(answer.status());
  std::string text = DecisionText(answer->decision, answer->missing_context);
  if (answer->reason == DenialReason::kNone) return text;
  text += Cat(" ", ReasonName(answer->reason));
  // What it failed at may be followed by how, behind a comma, which no name has: all but the rule is for a reader.
  const size_t comma = answer->reason_at.find(',');
  const bool names_rule = answer->reason_at.find(", rule `") == comma;
  const std::string at = answer->reason_at.substr(0, names_rule ? answer->reason_at.npos : comma);
  if (answer->reason == DenialReason::kClaimMismatch || at.empty()) return text;
  return Cat(text, " at ", at);
}

std::vector<std::string> AcceptedTexts(const ReferenceAnswer& answer) {
  if (!answer.invalid.empty()) return {Cat("INVALID ", answer.invalid)};
  if (answer.reason == DenialReason::kNone) return VerdictTexts(answer.verdict);
  return {Cat("NO ", ReasonName(answer.reason), answer.at.empty() ? "" : " at ", answer.at)};
}

std::string ToText(const CheckQuestion& question) {
  std::string text = Cat(ToText(question.resource), "#", question.permission, "@", ToText(question.subject));
  if (question.task) text += Cat(" task ", ToText(*question.task));
  if (question.claims.principal) text += Cat(" principal ", ToText(*question.claims.principal));
  if (question.claims.agent) text += Cat(" agent ", ToText(*question.claims.agent));
  for (const ObjectRef& agent : question.claims.chain) text += Cat(" via ", ToText(agent));
  return text + WithText(question.context, question.contextual);
}

Agreement::Agreement(const EngineView& engine, ReferenceEvaluator* reference, absl::Span<const ObjectRef> objects)
    : engine_(engine), reference_(*reference) {
  for (const ObjectRef& object : objects) ids_[object.type].insert(object.id);
}

void Agreement::Count(std::string_view what, const std::string& answer) {
  const bool has_names = answer.starts_with("CONDITIONAL");
  const size_t end = std::min(answer.find(" at "), answer.find(" for "));
  ++counts_[Cat(what, " ", has_names ? "CONDITIONAL" : answer.substr(0, end))];
}

std::optional<std::string> Agreement::Compare(const CheckQuestion& question, const absl::StatusOr<Answer>& answer) {
  const std::string text = AnswerText(answer);
  Count("check", text);
  if (IsCutShort(answer.status())) return std::nullopt;
  const std::vector<std::string> accepted = AcceptedTexts(reference_.Check(question));
  if (Accepts(accepted, text)) return std::nullopt;
  return Versus(ToText(question), "check", text, Join(accepted, " or "));
}

std::optional<std::string> Agreement::OfCheck(const CheckQuestion& question) {
  Checker checker(*engine_.plan, *engine_.snapshot, engine_.now, engine_.limits, engine_.answers);
  return Compare(question, checker.Check(question));
}

std::optional<Agreement::Disagreeing> Agreement::OfBatch(absl::Span<const CheckQuestion> questions) {
  std::vector<size_t> order;
  for (size_t i = 0; i < questions.size(); ++i) order.push_back(i);
  for (int pass = 0; pass < 2; ++pass) {
    Checker checker(*engine_.plan, *engine_.snapshot, engine_.now, engine_.limits, engine_.answers);
    for (size_t i : order) {
      if (auto wrong = Compare(questions[i], checker.Check(questions[i]))) {
        return Disagreeing{i, Cat("in a batch of ", questions.size(), ": ", *wrong)};
      }
    }
    std::reverse(order.begin(), order.end());
  }
  return std::nullopt;
}

std::optional<std::string> Agreement::OfExpand(const ExpandQuestion& question, absl::Span<const ObjectRef> subjects) {
  Budget budget(engine_.limits.budget);
  const std::string name = Cat("expand ", ToText(question.resource), "#", question.permission,
                               WithText(question.context, question.contextual));
  ExpandQuestion whole = question;
  whole.subject_set_depth = kEveryLevel;
  const auto tree = Expand(*engine_.plan, *engine_.snapshot, engine_.now, &budget, whole);
  if (IsCutShort(tree.status())) {
    Count("expand", ErrorText(tree.status()));
    return std::nullopt;
  }
  if (!tree.ok()) return Versus(name, "expand", tree.status().ToString(), "has a tree");
  const ExpandedSet set(*tree);
  ReferenceEvaluator& reference = reference_.With(question.contextual);
  for (const ObjectRef& object : subjects) {
    const SubjectRef subject{object.type, object.id, ""};
    const std::string expected =
        ExpandedText(reference.MeaningFor(subject, question.context).Of(question.resource, question.permission));
    const std::string actual = ExpandedText(set.Holds(subject));
    Count("expand", actual);
    if (actual != expected) {
      return Versus(Cat(name, " for ", ToText(subject)), "tree", actual, expected);
    }
  }
  return std::nullopt;
}

template <typename Question, typename Lookup>
absl::Status Agreement::Ask(const Question& question, const std::string& after, size_t count, Lookup lookup,
                            Listing* found) {
  Question asked = question;
  asked.after = after;
  size_t left = count;
  return lookup(asked, [&](const Found& each) {
    found->emplace_back(each.position(), FoundText(each));
    return --left > 0;
  });
}

template <typename Question, typename Lookup>
Agreement::Listing Agreement::List(const Question& question, Paging paging, Lookup lookup, std::string* problem) const {
  Listing whole;
  absl::Status status = Ask(question, "", SIZE_MAX, lookup, &whole);
  for (size_t i = 1; i < whole.size(); ++i) {
    if (whole[i].first <= whole[i - 1].first) {
      *problem = Cat(whole[i].first, " comes behind ", whole[i - 1].first);
    }
  }
  Listing parts;
  if (paging == Paging::kOneByOne) {
    for (size_t before = 1; status.ok() && parts.size() != before;) {
      before = parts.size();
      status = Ask(question, parts.empty() ? "" : parts.back().first, 1, lookup, &parts);
    }
  } else if (!whole.empty()) {
    const size_t middle = whole.size() / 2;
    parts.assign(whole.begin(), whole.begin() + middle + 1);
    status.Update(Ask(question, parts.back().first, SIZE_MAX, lookup, &parts));
  }
  if (IsCutShort(status)) {
    *problem = kCutShort;
  } else if (!status.ok()) {
    *problem = ErrorText(status);
  } else if (parts != whole) {
    *problem = "in parts it is another listing";
  }
  return whole;
}

std::set<std::string> Agreement::IdsOf(const std::string& type, const ObjectRef& more,
                                       const std::vector<Relationship>& contextual) const {
  std::set<std::string> ids;
  if (const auto known = ids_.find(type); known != ids_.end()) ids = known->second;
  if (more.type == type) ids.insert(more.id);
  for (const Relationship& r : contextual) {
    if (r.resource.type == type) ids.insert(r.resource.id);
    if (r.subject.type == type && !r.subject.IsWildcard()) ids.insert(r.subject.id);
  }
  return ids;
}

template <typename Question, typename Lookup>
std::optional<std::map<std::string, std::string>> Agreement::Collect(const Question& question, Paging paging,
                                                                     Lookup lookup, std::optional<std::string>* wrong) {
  std::string problem;
  const Listing listing = List(question, paging, lookup, &problem);
  if (problem == kCutShort) {
    Count("lookup", problem);
    return std::nullopt;
  }
  if (!problem.empty()) *wrong = problem;
  return std::map<std::string, std::string>(listing.begin(), listing.end());
}

std::optional<std::string> Agreement::OfResources(const ResourcesQuestion& question, Paging paging) {
  CheckQuestion asked{.permission = question.permission,
                      .subject = question.subject,
                      .task = question.task,
                      .claims = question.claims,
                      .context = question.context,
                      .contextual = question.contextual,
                      .audience = question.audience,
                      .parameter_digest = question.parameter_digest};
  const std::string name = Cat("resources of ", question.resource_type, ToText(asked));
  std::optional<std::string> wrong;
  auto found = Collect(
      question, paging,
      [&](const ResourcesQuestion& part, const FoundSink& sink) {
        return LookupResources(*engine_.plan, *engine_.snapshot, engine_.now, engine_.limits, part, sink);
      },
      &wrong);
  if (wrong) return Cat(name, "\n  lookup: ", *wrong);
  if (!found) return std::nullopt;
  const bool is_delegated = question.subject.relation.empty() && KindOf(question.subject.type) != Kind::kDefinition;
  for (const auto& [id, answer] : *found) {
    Count(is_delegated ? "delegated resources" : "resources", answer);
  }
  for (const std::string& id :
       IdsOf(question.resource_type, {question.subject.type, question.subject.id}, question.contextual)) {
    asked.resource = {question.resource_type, id};
    std::vector<std::string> accepted = FoundTexts(reference_.Check(asked));
    // A resource needs no word on for whom: that is the same for all.
    for (std::string& text : accepted) text = text.substr(0, text.find(" for "));
    const auto at = found->find(id);
    const std::string answer = at == found->end() ? "NO" : at->second;
    const bool is_denied = at != found->end() && answer == "NO";
    if (is_denied || !Accepts(accepted, answer)) {
      return Versus(Cat(name, " on ", id), "lookup", answer, Join(accepted, " or "));
    }
    if (at != found->end()) found->erase(at);
  }
  if (found->empty()) return std::nullopt;
  return Versus(Cat(name, " on ", found->begin()->first), "lookup", found->begin()->second, "knows no such object");
}

std::optional<std::string> Agreement::OfSubjects(const SubjectsQuestion& question, Paging paging) {
  const std::string name = Cat("subjects ", ToText(question.resource), "#", question.permission, "@",
                               question.subject_type, question.subject_relation.empty() ? "" : "#",
                               question.subject_relation, WithText(question.context, question.contextual));
  std::optional<std::string> wrong;
  auto found = Collect(
      question, paging,
      [&](const SubjectsQuestion& part, const FoundSink& sink) {
        return LookupSubjects(*engine_.plan, *engine_.snapshot, engine_.now, engine_.limits, part, sink);
      },
      &wrong);
  if (wrong) return Cat(name, "\n  lookup: ", *wrong);
  if (!found) return std::nullopt;
  if (KindOf(question.subject_type) == Kind::kDefinition || !question.subject_relation.empty()) {
    return OfPeople(question, name, *std::move(found));
  }
  return OfActors(question, name, *std::move(found));
}

std::optional<std::string> Agreement::OfPeople(const SubjectsQuestion& question, const std::string& name,
                                               std::map<std::string, std::string> found) {
  for (const auto& [id, answer] : found) Count(id == "*" ? "everybody" : "subjects", answer);
  const auto everybody = found.find("*");
  const std::string otherwise = everybody == found.end() ? "NO" : everybody->second;
  if (everybody != found.end()) found.erase(everybody);
  ReferenceEvaluator& reference = reference_.With(question.contextual);
  std::set<std::string> ids = IdsOf(question.subject_type, question.resource, question.contextual);
  ids.insert("whom-nothing-names");
  for (const std::string& id : ids) {
    const SubjectRef subject{question.subject_type, id, question.subject_relation};
    const auto accepted =
        VerdictTexts(reference.MeaningFor(subject, question.context).Of(question.resource, question.permission));
    const auto at = found.find(id);
    const std::string answer = at == found.end() ? otherwise : at->second;
    const bool is_idle = at != found.end() && otherwise == "NO" && answer == "NO";
    if (is_idle || !Accepts(accepted, answer)) {
      return Versus(Cat(name, " for ", id), "lookup", answer, Join(accepted, " or "));
    }
    if (at != found.end()) found.erase(at);
  }
  if (found.empty()) return std::nullopt;
  return Versus(Cat(name, " for ", found.begin()->first), "lookup", found.begin()->second, "knows no such subject");
}

// Sessions, each in its task; agents, once for each task in which they may.
std::optional<std::string> Agreement::OfActors(const SubjectsQuestion& question, const std::string& name,
                                               std::map<std::string, std::string> found) {
  for (const auto& [position, answer] : found) Count("actors", answer);
  std::vector<std::optional<ObjectRef>> tasks = {std::nullopt};
  if (KindOf(question.subject_type) == Kind::kAgent) {
    tasks.clear();
    for (const auto& [type, ids] : ids_) {
      if (KindOf(type) != Kind::kTask) continue;
      for (const std::string& id : ids) tasks.push_back(ObjectRef{type, id});
    }
  }
  for (const std::string& id : IdsOf(question.subject_type, question.resource, {})) {
    for (const std::optional<ObjectRef>& task : tasks) {
      const ReferenceAnswer expected = reference_.Check({.resource = question.resource,
                                                         .permission = question.permission,
                                                         .subject = {question.subject_type, id, ""},
                                                         .task = task,
                                                         .context = question.context,
                                                         .audience = question.audience,
                                                         .parameter_digest = question.parameter_digest});
      const std::vector<std::string> accepted = FoundTexts(expected);
      const auto at = found.find(Found{.id = id, .task = expected.task}.position());
      const bool is_found = expected.task && at != found.end();
      const std::string answer = is_found ? at->second : "NO";
      if (!Accepts(accepted, answer)) {
        return Versus(Cat(name, " for ", id, task ? " in " : "", task ? ToText(*task) : ""), "lookup", answer,
                      Join(accepted, " or "));
      }
      if (is_found) found.erase(at);
    }
  }
  if (found.empty()) return std::nullopt;
  return Versus(Cat(name, " for ", found.begin()->first), "lookup", found.begin()->second, "knows no such actor");
}

}  // namespace mandate
