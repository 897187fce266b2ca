#include "schema/statement_printer.h"

#include "absl/strings/str_split.h"
#include "schema/comment.h"
#include "schema/text.h"

namespace mandate::syntax {
namespace {

constexpr size_t kColumnsMax = 100;
constexpr size_t kTabColumns = 4;
constexpr size_t kOperatorColumns = 3;  // ` + `

std::string_view Symbol(ExprKind kind) {
  return kind == ExprKind::kUnion ? " +" : kind == ExprKind::kIntersection ? " &" : " -";
}

// A line comment ends its line, and so does one of several lines; one at the start of a line stays
// there.
bool MustBreak(const std::vector<Comment>& comments) {
  for (const Comment& comment : comments) {
    if (comment.first_on_line || comment.text.starts_with("//") || comment.text.find('\n') != std::string::npos)
      return true;
  }
  return false;
}

size_t ColumnsOf(const std::vector<Comment>& comments) {
  size_t columns = 0;
  for (const Comment& comment : comments) columns += comment.text.size() + 1;
  return columns;
}

std::string ShowSubject(const SubjectType& subject) {
  std::string out = subject.type.text;
  if (subject.wildcard) out += ":*";
  if (!subject.relation.empty()) out += Cat("#", subject.relation.text);
  if (!subject.caveat.empty()) out += Cat(" with ", subject.caveat.text);
  if (subject.expiration) out += subject.caveat.empty() ? " with expiration" : " and expiration";
  return out;
}

std::string ShowLeaf(const Expr& expr) {
  if (expr.kind == ExprKind::kNil) return "nil";
  if (expr.kind == ExprKind::kSelf) return "self";
  std::string out = expr.name.text;
  for (const ArrowStep& step : expr.steps) {
    if (step.walk == Walk::kArrow) out += Cat("->", step.target.text);
    if (step.walk == Walk::kAny) out += Cat(".any(", step.target.text, ")");
    if (step.walk == Walk::kAll) out += Cat(".all(", step.target.text, ")");
  }
  return out;
}

}  // namespace

void PrintComment(const Comment& comment, int indent, std::string& out) {
  const bool starred = IsStarred(comment.text);
  bool first = true;
  for (absl::string_view line : absl::StrSplit(comment.text, '\n')) {
    if (!first) {
      out += '\n';
      if (!line.empty()) out.append(static_cast<size_t>(indent), '\t');
      if (!line.empty() && starred) out += ' ';
    }
    out += StdView(line);
    first = false;
  }
}

void StatementPrinter::BreakLine(const std::vector<Comment>& comments, int indent) {
  for (const Comment& comment : comments) {
    if (comment.first_on_line) {
      out_ += '\n';
      out_.append(static_cast<size_t>(indent), '\t');
    } else {
      out_ += ' ';
    }
    PrintComment(comment, indent, out_);
  }
  out_ += '\n';
  out_.append(static_cast<size_t>(indent), '\t');
}

void StatementPrinter::PrintList(std::string_view head, const std::vector<Part>& parts, std::string_view end,
                                 int indent) {
  const bool opens = head.ends_with('(');  // Then the first part follows without a blank.
  size_t columns = static_cast<size_t>(indent) * kTabColumns + head.size() + end.size();
  bool broken = false;
  for (const Part& part : parts) {
    columns += part.text.size() + 1 + ColumnsOf(*part.before);
    broken |= MustBreak(*part.before);
  }
  broken |= columns - (opens ? 1 : 0) > kColumnsMax && parts.size() > 1;
  out_ += head;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (broken) {
      BreakLine(*parts[i].before, indent + 1);
    } else {
      for (const Comment& comment : *parts[i].before) {
        out_ += Cat(out_.back() == '(' ? "" : " ", comment.text);
      }
      if (out_.back() != '(') out_ += ' ';
    }
    out_ += parts[i].text;
  }
  out_ += end;
}

void StatementPrinter::PrintRelation(const Member& member) {
  std::vector<Part> parts;
  for (const SubjectType& subject : member.subject_types) {
    if (!parts.empty()) parts.back().text += " |";
    parts.push_back({&subject.before, ShowSubject(subject)});
  }
  PrintList(Cat("relation ", member.name.text, ":"), parts, "", 1);
}

void StatementPrinter::PrintCaveatHead(const Caveat& caveat) {
  std::vector<Part> parts;
  for (const CaveatParameter& parameter : caveat.parameters) {
    if (!parts.empty()) parts.back().text += ",";
    parts.push_back({&parameter.before, Cat(parameter.name.text, " ", parameter.type)});
  }
  PrintList(Cat("caveat ", caveat.name.text, "("), parts, ") {", 0);
}

void StatementPrinter::PrintPermission(const Member& member) {
  Measure(member);
  std::string head = Cat("permission ", member.name.text);
  for (size_t i = 0; i < member.annotation.size(); ++i) {
    head += Cat(i == 0 ? ": " : " | ", member.annotation[i].text);
  }
  out_ += head += " =";
  const std::vector<Comment>& before = CommentsBefore(member.root);
  const size_t columns = kTabColumns + head.size() + 1 + ColumnsOf(before) + extent(member.root).columns;
  const bool is_operator = IsOperator(file_.expr(member.root).kind);
  if (MustBreak(before) || (is_operator && columns > kColumnsMax) || extent(member.root).must_break) {
    BreakLine(before, 2);
    PrintBroken(member.root, 2);
    return;
  }
  for (const Comment& comment : before) out_ += Cat(" ", comment.text);
  out_ += ' ';
  PrintFlat(member.root, WithComments::kYes);
}

// Children come before their parents.
void StatementPrinter::Measure(const Member& member) {
  first_ = static_cast<size_t>(member.first);
  extents_.clear();
  for (size_t i = first_; i <= static_cast<size_t>(member.root); ++i) {
    extents_.push_back(ExtentOf(file_.exprs[i], static_cast<ExprIndex>(i)));
  }
}

StatementPrinter::Extent StatementPrinter::ExtentOf(const Expr& expr, ExprIndex index) const {
  if (expr.children.empty()) return {ShowLeaf(expr).size(), index};
  Extent whole{0, extent(expr.children[0]).leftmost};
  for (ExprIndex child : expr.children) {
    const Extent& part = extent(child);
    whole.columns += part.columns + (IsOperator(file_.expr(child).kind) ? 2 : 0);
    whole.must_break |= part.must_break;
    if (child == expr.children[0]) continue;
    whole.columns += kOperatorColumns + ColumnsOf(CommentsBefore(child));
    whole.must_break |= MustBreak(CommentsBefore(child));
  }
  return whole;
}

// Recursion is bounded by the parser's limit on parentheses; so below.
void StatementPrinter::PrintFlat(ExprIndex root, WithComments with_comments) {
  const Expr& expr = file_.expr(root);
  if (expr.children.empty()) out_ += ShowLeaf(expr);
  for (size_t i = 0; i < expr.children.size(); ++i) {
    const ExprIndex child = expr.children[i];
    const bool enclose = IsOperator(file_.expr(child).kind);
    if (i > 0) {
      out_ += Symbol(expr.kind);
      if (with_comments == WithComments::kYes) {
        for (const Comment& comment : CommentsBefore(child)) out_ += Cat(" ", comment.text);
      }
      out_ += ' ';
    }
    if (enclose) out_ += '(';
    PrintFlat(child, with_comments);
    if (enclose) out_ += ')';
  }
}

// Each operand on a line of its own; one that does not fit there is broken in turn, one tab deeper.
void StatementPrinter::PrintBroken(ExprIndex root, int indent) {
  const Expr& expr = file_.expr(root);
  if (expr.children.empty()) return PrintFlat(root, WithComments::kYes);
  for (size_t i = 0; i < expr.children.size(); ++i) {
    const ExprIndex child = expr.children[i];
    if (i > 0) {
      out_ += Symbol(expr.kind);
      BreakLine(CommentsBefore(child), indent);
    }
    if (!IsOperator(file_.expr(child).kind)) {
      PrintFlat(child, WithComments::kYes);
      continue;
    }
    const size_t columns = static_cast<size_t>(indent) * kTabColumns + extent(child).columns + 4;
    const bool broken = extent(child).must_break || columns > kColumnsMax;
    out_ += '(';
    if (broken) {
      PrintBroken(child, indent + 1);
    } else {
      PrintFlat(child, WithComments::kYes);
    }
    out_ += ')';
  }
}

}  // namespace mandate::syntax
