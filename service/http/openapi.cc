// Each message becomes a schema named as in the .proto files, in the form of protobuf's JSON mapping; each method a
// path, each comment a description.
#include "service/http/openapi.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "schema/text.h"
#include "service/http/descriptors.h"
#include "service/http/json_text.h"
#include "service/http/native_methods.h"

namespace mandate {
namespace {

namespace pb = google::protobuf;

// The descriptors that carry comments; those of generated code have none.
const pb::DescriptorPool& Commented() {
  static const auto* const kPool = [] {
    auto* pool = new pb::DescriptorPool();
    pb::FileDescriptorSet files;
    const std::string_view bytes = EmbeddedDescriptors();
    files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    for (const auto& file : files.file()) pool->BuildFile(file);
    return pool;
  }();
  return *kPool;
}

template <typename Descriptor>
std::string Comment(const Descriptor& descriptor) {
  pb::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  std::string text;
  for (std::string_view rest = location.leading_comments; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    text += Cat(StdView(absl::StripPrefix(AbslView(line), " ")), "\n");
  }
  return std::string(absl::StripSuffix(text, "\n"));
}

Json Reference(const std::string& name) { return {{"$ref", Cat("#/components/schemas/", name)}}; }

// What protobuf's JSON mapping makes of its own types.
const std::map<std::string, Json>& WellKnown() {
  static const auto* const kKnown = new std::map<std::string, Json>{
      {"google.protobuf.Timestamp", {{"type", "string"}, {"format", "date-time"}}},
      {"google.protobuf.Duration", {{"type", "string"}, {"pattern", "^-?[0-9]+(\\.[0-9]+)?s$"}}},
      {"google.protobuf.Struct", {{"type", "object"}, {"additionalProperties", true}}},
      {"google.protobuf.Any",
       {{"type", "object"},
        {"properties", {{"@type", {{"type", "string"}}}}},
        {"required", {"@type"}},
        {"additionalProperties", true}}},
  };
  return *kKnown;
}

class Schemas {
 public:
  // The schema of a message, which will be among the components.
  Json Of(const pb::Descriptor& message) {
    const auto known = WellKnown().find(message.full_name());
    if (known != WellKnown().end()) return known->second;
    if (seen_.insert(message.full_name()).second) todo_.push_back(&message);
    return Reference(message.full_name());
  }

  // All that were named, and what these name.
  Json Components() {
    Json schemas = Json::object();
    while (!todo_.empty()) {
      const pb::Descriptor* message = todo_.back();
      todo_.pop_back();
      schemas[message->full_name()] = Whole(*message);
    }
    return schemas;
  }

 private:
  Json Whole(const pb::Descriptor& message) {
    Json schema = {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}};
    if (std::string comment = Comment(message); !comment.empty()) schema["description"] = std::move(comment);
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      Json value = Field(field);
      std::string comment = Comment(field);
      if (const auto* oneof = field.real_containing_oneof(); oneof != nullptr) {
        comment += Cat(comment.empty() ? "" : "\n", "At most one of `", oneof->name(), "`.");
      }
      if (!comment.empty()) value["description"] = std::move(comment);
      schema["properties"][field.json_name()] = std::move(value);
    }
    return schema;
  }

  Json Field(const pb::FieldDescriptor& field) {
    if (field.is_map()) {
      return {{"type", "object"}, {"additionalProperties", Single(*field.message_type()->map_value())}};
    }
    if (field.is_repeated()) return {{"type", "array"}, {"items", Single(field)}};
    return Single(field);
  }

  Json Single(const pb::FieldDescriptor& field) {
    using Field = pb::FieldDescriptor;
    switch (field.cpp_type()) {
      case Field::CPPTYPE_MESSAGE: return Of(*field.message_type());
      case Field::CPPTYPE_ENUM: return Enum(*field.enum_type());
      case Field::CPPTYPE_BOOL: return {{"type", "boolean"}};
      case Field::CPPTYPE_STRING:
        if (field.type() == Field::TYPE_BYTES) return {{"type", "string"}, {"contentEncoding", "base64"}};
        return {{"type", "string"}};
      case Field::CPPTYPE_INT64: return {{"type", "string"}, {"pattern", "^-?[0-9]+$"}, {"format", "int64"}};
      case Field::CPPTYPE_UINT64: return {{"type", "string"}, {"pattern", "^[0-9]+$"}, {"format", "uint64"}};
      case Field::CPPTYPE_INT32: return {{"type", "integer"}, {"format", "int32"}};
      case Field::CPPTYPE_UINT32: return {{"type", "integer"}, {"format", "uint32"}, {"minimum", 0}};
      default: return {{"type", "number"}};
    }
  }

  static Json Enum(const pb::EnumDescriptor& type) {
    Json names = Json::array();
    for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
    return {{"type", "string"}, {"enum", std::move(names)}};
  }

  std::set<std::string> seen_;
  std::vector<const pb::Descriptor*> todo_;
};

Json Body(const std::string& type, Json schema) { return {{"content", {{type, {{"schema", std::move(schema)}}}}}}; }

Json Described(std::string description, Json response) {
  response["description"] = std::move(description);
  return response;
}

Json NativePath(const NativeMethod& native, Schemas* schemas) {
  const auto* method = Commented().FindMethodByName(native.descriptor->full_name());
  Json request = schemas->Of(*method->input_type());
  Json response = schemas->Of(*method->output_type());
  Json error = Reference("google.rpc.Status");
  Json answer = Body("application/json", std::move(response));
  if (method->server_streaming()) {
    answer = Body("application/x-ndjson",
                  {{"type", "object"},
                   {"description", "One line each."},
                   {"properties", {{"result", answer["content"]["application/json"]["schema"]}, {"error", error}}}});
  }
  Json body = Body(method->client_streaming() ? "application/x-ndjson" : "application/json", std::move(request));
  body["required"] = true;
  Json operation = {
      {"operationId", Cat(method->service()->name(), ".", method->name())},
      {"tags", {method->service()->name()}},
      {"requestBody", std::move(body)},
      {"responses",
       {{"200", Described("The answer.", std::move(answer))},
        {"default", Described("An error; its code is that of gRPC.", Body("application/json", std::move(error)))}}}};
  if (std::string comment = Comment(*method); !comment.empty()) operation["description"] = std::move(comment);
  return {{"post", std::move(operation)}};
}

Json Typed(const char* type) { return {{"type", type}}; }

// The entities of AuthZEN, which take fields of anybody's.
Json AuthzenSchemas() {
  const Json entity = {
      {"type", "object"},
      {"properties", {{"type", Typed("string")}, {"id", Typed("string")}, {"properties", Typed("object")}}},
      {"required", {"type"}}};
  const Json action = {{"type", "object"},
                       {"properties", {{"name", Typed("string")}, {"properties", Typed("object")}}},
                       {"required", {"name"}}};
  const Json fields = {{"subject", entity}, {"action", action}, {"resource", entity}, {"context", Typed("object")}};
  Json evaluations = fields;
  evaluations["evaluations"] = {{"type", "array"}, {"items", {{"type", "object"}, {"properties", fields}}}};
  evaluations["options"] = {
      {"type", "object"},
      {"properties",
       {{"evaluations_semantic",
         {{"type", "string"}, {"enum", {"execute_all", "deny_on_first_deny", "permit_on_first_permit"}}}}}}};
  Json search = fields;
  search["page"] = {
      {"type", "object"},
      {"properties", {{"token", Typed("string")}, {"limit", Typed("integer")}, {"properties", Typed("object")}}}};
  const Json decision = {{"type", "object"},
                         {"properties", {{"decision", Typed("boolean")}, {"context", Typed("object")}}},
                         {"required", {"decision"}}};
  const Json page = {{"type", "object"},
                     {"properties", {{"next_token", Typed("string")}, {"count", Typed("integer")}}}};
  return {
      {"authzen.Evaluation", {{"type", "object"}, {"properties", fields}}},
      {"authzen.Evaluations", {{"type", "object"}, {"properties", evaluations}}},
      {"authzen.Search", {{"type", "object"}, {"properties", search}}},
      {"authzen.Decision", decision},
      {"authzen.Decisions",
       {{"type", "object"}, {"properties", {{"evaluations", {{"type", "array"}, {"items", decision}}}}}}},
      {"authzen.Found",
       {{"type", "object"},
        {"properties",
         {{"results", {{"type", "array"}, {"items", Typed("object")}}}, {"page", page}, {"context", Typed("object")}}},
        {"required", {"results"}}}}};
}

Json AuthzenPath(const char* id, const char* request, const char* response) {
  Json body = Body("application/json", Reference(request));
  body["required"] = true;
  return {{"post",
           {{"operationId", id},
            {"tags", {"AuthZEN"}},
            {"requestBody", std::move(body)},
            {"responses",
             {{"200", Described("The answer.", Body("application/json", Reference(response)))},
              {"400", Described("The request is at fault.", Json::object())},
              {"500", Described("The answer is not known.", Json::object())}}}}}};
}

Json ReadPath(const char* id, const char* what) {
  return {{"get", {{"operationId", id}, {"responses", {{"200", Described(what, Json::object())}}}}}};
}

}  // namespace

std::string OpenApiDocument(const std::string& url) {
  Schemas schemas;
  Json paths = {{"/access/v1/evaluation", AuthzenPath("evaluation", "authzen.Evaluation", "authzen.Decision")},
                {"/access/v1/evaluations", AuthzenPath("evaluations", "authzen.Evaluations", "authzen.Decisions")},
                {"/access/v1/search/subject", AuthzenPath("searchSubject", "authzen.Search", "authzen.Found")},
                {"/access/v1/search/resource", AuthzenPath("searchResource", "authzen.Search", "authzen.Found")},
                {"/access/v1/search/action", AuthzenPath("searchAction", "authzen.Search", "authzen.Found")},
                {"/.well-known/authzen-configuration", ReadPath("metadata", "The endpoints of AuthZEN.")},
                {"/openapi.json", ReadPath("openapi", "This document.")},
                {"/healthz", ReadPath("health", "The process answers.")},
                {"/readyz", ReadPath("ready", "The store answers; 503 otherwise.")},
                {"/metrics", ReadPath("metrics", "What the server counts, for Prometheus (text format 0.0.4).")}};
  for (const NativeMethod& method : NativeMethods()) paths[method.path] = NativePath(method, &schemas);
  schemas.Of(*Commented().FindMessageTypeByName("google.rpc.Status"));
  Json components = schemas.Components();
  components.update(AuthzenSchemas());
  const Json document = {{"openapi", "3.1.0"},
                         {"info", {{"title", "Mandate"}, {"version", "v1"}}},
                         {"servers", {{{"url", url}}}},
                         {"paths", std::move(paths)},
                         {"components", {{"schemas", std::move(components)}}}};
  return JsonText(document);
}

}  // namespace mandate
