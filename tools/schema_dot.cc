#include "tools/schema_dot.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_join.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr std::string_view kGray = "#94a3b8";
constexpr std::string_view kBlue = "#2563eb";
constexpr std::string_view kGreen = "#16a34a";
constexpr std::string_view kRed = "#dc2626";
constexpr std::string_view kPurple = "#9333ea";

constexpr size_t kPathBytesMax = 60;  // Of the relations on a line; a longer path says no more.

constexpr std::string_view kHead = R"(digraph schema {
	rankdir=LR bgcolor="white" pad=0.3 nodesep=0.2 ranksep=0.65 remincross=true
	fontname="Helvetica,Arial,sans-serif" labelloc=b labeljust=l
	node [fontname="Helvetica,Arial,sans-serif" fontsize=11 shape=box style="rounded,filled" height=0.3 margin="0.12,0.05"]
	edge [fontname="Helvetica,Arial,sans-serif" fontsize=9 fontcolor="#475569" arrowsize=0.6]
	label=<<FONT POINT-SIZE="10" COLOR="#64748b"><BR/>
		<FONT COLOR="#2563eb">&#9632;</FONT> relation &#160;
		<FONT COLOR="#16a34a">&#9632;</FONT> permission &#160;
		<FONT COLOR="#94a3b8">&#8212;</FONT> can hold &#160;
		<FONT COLOR="#16a34a">&#8212;</FONT> is made of &#160;
		<FONT COLOR="#16a34a">- -</FONT> over the objects of a relation &#160;
		<FONT COLOR="#dc2626">&#8212;</FONT> less &#160;
		<FONT COLOR="#334155">&#9679;</FONT> the object itself)";
constexpr std::string_view kDelegationLegend = " &#160;\n\t\t<FONT COLOR=\"#9333ea\">&#8212;</FONT> delegation";

// As a quoted string of DOT, in which `&` begins an entity as in XML.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out + "\"";
}

// Lines between the same two nodes that look the same become one, with all labels.
struct Edge {
  std::string from;
  std::string to;
  std::string_view color;
  bool is_dashed = false;
  std::vector<std::string> labels;  // An empty one is a plain line.
};

class DotWriter {
 public:
  explicit DotWriter(const Schema& schema) : schema_(schema) {}

  std::string Run() {
    for (const Member& member : schema_.members()) {
      if (member.is_permission) {
        AddPermission(member);
      } else {
        AddRelation(member);
      }
    }
    out_ = Cat(kHead, schema_.has_delegation() ? kDelegationLegend : "", "</FONT>>\n");
    for (const Definition& definition : schema_.definitions()) WriteDefinition(definition);
    for (const Edge& edge : edges_) WriteEdge(edge);
    return out_ + "}\n";
  }

 private:
  std::string NodeOf(const Member& member) const { return Cat(schema_.definition(member.type).name, "#", member.name); }
  const std::string& NodeOf(TypeId type) {
    pointed_at_.insert(type);
    return schema_.definition(type).name;
  }

  void AddEdge(Edge edge, std::string label) {
    const auto [found, fresh] = edge_by_ends_.try_emplace(
        Cat(edge.from, " ", edge.to, " ", edge.color, edge.is_dashed ? " -" : ""), edges_.size());
    if (fresh) edges_.push_back(std::move(edge));
    edges_[found->second].labels.push_back(std::move(label));
  }

  void AddRelation(const Member& relation) {
    const std::string_view color = relation.reserved == Reserved::kNone ? kGray : kPurple;
    // An edge of delegation that may end always must: its label would tell nothing.
    const bool may_expire = relation.reserved == Reserved::kNone || relation.reserved == Reserved::kScope ||
                            relation.reserved == Reserved::kBoundary;
    for (const SubjectType& subject : relation.subject_types) {
      const std::string to =
          subject.relation == MemberId::kNone ? NodeOf(subject.type) : NodeOf(schema_.member(subject.relation));
      std::vector<std::string> label;
      if (subject.wildcard) label.push_back("*");
      if (subject.caveat != CaveatId::kNone) label.push_back(Cat("with ", schema_.caveat(subject.caveat).name));
      if (subject.expiration && may_expire) label.push_back(label.empty() ? "with expiration" : "expiration");
      AddEdge({NodeOf(relation), to, color}, absl::StrJoin(label, " "));
    }
  }

  // A part of a permission's expression that is still to be drawn.
  struct Open {
    ExprId expression;
    bool is_taken_away = false;
    bool is_shared = false;  // An operand of `&`.
    std::string path;        // The relations gone over.
  };

  void AddPermission(const Member& permission) {
    const std::string from = NodeOf(permission);
    std::vector<Open> open = {{schema_.expression(permission.root).children[0]}};
    while (!open.empty()) {
      const Open here = std::move(open.back());
      open.pop_back();
      const Expression& e = schema_.expression(here.expression);
      const bool is_arrow = e.op == Op::kArrowAny || e.op == Op::kArrowAll;
      const bool is_exclusion = e.op == Op::kExclusion;
      const bool is_operator = is_exclusion || e.op == Op::kUnion || e.op == Op::kIntersection;
      for (size_t i = e.children.size(); is_operator && i-- > 0;) {
        open.push_back({e.children[i], here.is_taken_away != (is_exclusion && i > 0), e.op == Op::kIntersection, ""});
      }
      if (is_arrow) {
        std::string step =
            Cat(here.path.empty() ? "" : "->", e.op == Op::kArrowAll ? "all " : "", schema_.member(e.member).name);
        if (here.path.size() > kPathBytesMax) step = here.path.ends_with("...") ? "" : "...";
        for (size_t i = e.targets.size(); i-- > 0;) {
          open.push_back({e.targets[i].expr, here.is_taken_away, here.is_shared, Cat(here.path, step)});
        }
      }
      if (!is_operator && !is_arrow && e.op != Op::kNil) AddOperand(from, e, here);
    }
  }

  void AddOperand(const std::string& from, const Expression& e, const Open& here) {
    const std::string to = e.op == Op::kSelf ? NodeOf(e.type) : NodeOf(schema_.member(e.member));
    const bool is_dashed = !here.path.empty();
    AddEdge({from, to, here.is_taken_away ? kRed : kGreen, is_dashed},
            Cat(here.is_shared ? "&" : "", here.is_shared && is_dashed ? " " : "", here.path));
  }

  void WriteDefinition(const Definition& definition) {
    const bool is_ordinary = definition.kind == Kind::kDefinition;
    const std::string name = Quoted(definition.name);
    const std::string tooltip = Quoted(definition.doc.empty() ? definition.name : definition.doc);
    if (definition.members.empty()) {
      const std::string_view color = is_ordinary ? "#334155" : "#6b21a8";
      out_ += Cat("\t", name, " [label=<<B>", definition.name, "</B>> fontsize=12 fontcolor=white color=\"", color,
                  "\" fillcolor=\"", color, "\" tooltip=", tooltip, "]\n");
      return;
    }
    out_ +=
        Cat("\tsubgraph ", Quoted(Cat("cluster ", definition.name)), " {\n\t\tlabel=<",
            is_ordinary ? "" : Cat(KindKeyword(definition.kind), " "), "<B>", definition.name, "</B>",
            ShowRules(definition), "> labelloc=t fontsize=13 style=\"rounded,filled\" tooltip=", tooltip,
            is_ordinary ? " color=\"#cbd5e1\" fillcolor=\"#f8fafc\"\n" : " color=\"#d8b4fe\" fillcolor=\"#faf5ff\"\n");
    if (pointed_at_.contains(*schema_.FindType(definition.name))) {
      out_ += Cat("\t\t", name,
                  " [label=\"\" shape=circle width=0.12 height=0.12 fixedsize=true "
                  "color=\"#334155\" fillcolor=\"#334155\" tooltip=",
                  name, "]\n");
    }
    for (MemberId id : definition.members) WriteMember(schema_.member(id));
    out_ += "\t}\n";
  }

  // Under the name of a task, one a line. Their words need no escaping.
  static std::string ShowRules(const Definition& task) {
    std::string out;
    for (const TaskRule& rule : task.rules)
      out += Cat("<BR ALIGN=\"LEFT\"/><FONT POINT-SIZE=\"9\" COLOR=\"#6b21a8\">", rule.text, "</FONT>");
    return out.empty() ? out : out + "<BR ALIGN=\"LEFT\"/>";
  }

  void WriteMember(const Member& member) {
    std::vector<std::string> types;
    for (const SubjectType& subject : member.subject_types) types.push_back(ShowSubjectType(schema_, subject));
    const std::string means =
        member.is_permission ? Cat(" = ", member.expression) : Cat(": ", absl::StrJoin(types, " | "));
    const bool is_reserved = member.reserved != Reserved::kNone;
    const std::string_view color = is_reserved ? kPurple : member.is_permission ? kGreen : kBlue;
    const std::string_view fill = is_reserved ? "#f3e8ff" : member.is_permission ? "#dcfce7" : "#dbeafe";
    out_ +=
        Cat("\t\t", Quoted(NodeOf(member)), " [label=", Quoted(member.name), " color=\"", color, "\" fillcolor=\"",
            fill, "\" tooltip=", Quoted(Cat(member.name, means, member.doc.empty() ? "" : "\n\n", member.doc)), "]\n");
  }

  void WriteEdge(const Edge& edge) {
    bool plain = false;
    std::vector<std::string> labels;
    for (const std::string& label : edge.labels) {
      plain |= label.empty();
      if (!label.empty()) labels.push_back(label);
    }
    std::string label = absl::StrJoin(labels, ", ");
    if (plain && !label.empty()) label = Cat("(", label, ")");
    out_ += Cat("\t", Quoted(edge.from), " -> ", Quoted(edge.to), " [color=\"", edge.color, "\"",
                edge.is_dashed ? " style=dashed" : "", edge.color == kRed ? " arrowhead=tee" : "",
                label.empty() ? "" : Cat(" label=", Quoted(label)), "]\n");
  }

  const Schema& schema_;
  std::string out_;
  std::vector<Edge> edges_;
  absl::flat_hash_map<std::string, size_t> edge_by_ends_;
  absl::flat_hash_set<TypeId> pointed_at_;
};

}  // namespace

std::string SchemaToDot(const Schema& schema) { return DotWriter(schema).Run(); }

}  // namespace mandate
