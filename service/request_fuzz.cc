// Any request of any method of every service, as bytes or as the text form of its message, over a channel within the
// process: no harm, and never an error that is the server's fault.
//
//   PermissionService/Check
//   item { resource { type: "document" id: "plan" } permission: "view" subject { type: "user" id: "ann" } }
//
// The first line names the method; where it names none, its first byte picks one. What follows is the message's text
// form, or where that does not parse its bytes.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "authzed/api/v1/experimental_service.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "grpcpp/grpcpp.h"
#include "schema/text.h"
#include "service/authzed_services.h"
#include "service/error_mapping.h"
#include "service/http/native_call.h"
#include "service/services.h"

namespace mandate {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;

constexpr int kInputsOfADatabase = 3000;  // What they write does not grow for ever.
constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::chrono::milliseconds kWatchPatience{2};

constexpr char kFuzzSchema[] = R"(
use delegation
use expiration
caveat office(hour int) { hour > 8 }
definition user { relation acts_on_behalf_of: assistant with expiration }
definition team { relation member: user | team#member }
definition document {
  relation parent: document
  relation viewer: user | user:* | team#member | user with office | user with expiration
  relation banned: user
  permission view = (viewer + parent->view) - banned
}
agent assistant { relation boundary: document:*#view }
task errand {
  relation delegator: user
  relation delegated_for_task: assistant with expiration
  relation scope: document:*#view
  limit document#view to 1000 per task
}
session run {
  relation agent: assistant with expiration
  relation task: errand
})";

class Served {
 public:
  Served() {
    DatabaseOptions options;
    options.store.in_memory = true;
    options.check.budget.steps_max = 20'000;
    database_ = *Database::Open(options);
    if (!database_->WriteSchema(kFuzzSchema, {}, DryRun::kNo, nullptr).ok()) std::abort();
    std::vector<TupleChange> changes;
    for (const char* text :
         {"document:plan#viewer@user:ann", "document:plan#viewer@team:core#member", "team:core#member@user:bob",
          "document:menu#parent@document:plan", "document:plan#viewer@user:cid[office]",
          "user:ann#acts_on_behalf_of@assistant:bot[expiration:2100-01-01T00:00:00Z]", "errand:1#delegator@user:ann",
          "errand:1#scope@document:*#view",
          "errand:1#delegated_for_task@assistant:bot[expiration:2100-01-01T00:00:00Z]",
          "run:1#agent@assistant:bot[expiration:2100-01-01T00:00:00Z]", "run:1#task@errand:1"}) {
      changes.push_back({ChangeOp::kTouch, *ParseRelationship(text)});
    }
    if (!database_->Write(std::move(changes), {}).ok()) std::abort();
    gate_ = *Gate::Open("");
    log_ =
        std::make_unique<RequestLog>(RequestLogOptions{.which = LoggedCalls::kNone, .slow = absl::InfiniteDuration()});
    permissions_ = std::make_unique<PermissionServer>(database_.get(), gate_.get(), log_.get());
    relationships_ = std::make_unique<RelationshipServer>(database_.get(), gate_.get());
    watch_ = std::make_unique<WatchServer>(database_.get(), gate_.get());
    delegation_ = std::make_unique<DelegationServer>(database_.get(), gate_.get());
    schema_ = std::make_unique<SchemaServer>(database_.get(), gate_.get());
    admin_ = std::make_unique<AdminServer>(database_.get(), gate_.get(), "");
    authzed_permissions_ = std::make_unique<AuthzedPermissions>(database_.get(), gate_.get());
    authzed_schema_ = std::make_unique<AuthzedSchema>(database_.get(), gate_.get());
    authzed_watch_ = std::make_unique<AuthzedWatch>(database_.get(), gate_.get());
    authzed_experimental_ = std::make_unique<AuthzedExperimental>(authzed_permissions_.get(), authzed_schema_.get());
    grpc::ServerBuilder builder;
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             permissions_.get(), relationships_.get(), watch_.get(), delegation_.get(), schema_.get(), admin_.get(),
             authzed_permissions_.get(), authzed_schema_.get(), authzed_watch_.get(), authzed_experimental_.get()}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    channel_ = server_->InProcessChannel({});
  }
  ~Served() {
    watch_->set_stopping();
    authzed_watch_->set_stopping();
    delegation_->set_stopping();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<RequestLog> log_;
  std::unique_ptr<PermissionServer> permissions_;
  std::unique_ptr<RelationshipServer> relationships_;
  std::unique_ptr<WatchServer> watch_;
  std::unique_ptr<DelegationServer> delegation_;
  std::unique_ptr<SchemaServer> schema_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<AuthzedPermissions> authzed_permissions_;
  std::unique_ptr<AuthzedSchema> authzed_schema_;
  std::unique_ptr<AuthzedWatch> authzed_watch_;
  std::unique_ptr<AuthzedExperimental> authzed_experimental_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

std::vector<const MethodDescriptor*> FindMethods() {
  (void)authzed::api::v1::BulkCheckPermissionRequest::descriptor();  // Naming one links its file in.
  std::vector<const MethodDescriptor*> methods;
  for (const char* name : {"mandate.v1.PermissionService", "mandate.v1.RelationshipService", "mandate.v1.WatchService",
                           "mandate.v1.DelegationService", "mandate.v1.SchemaService", "mandate.v1.AdminService",
                           "authzed.api.v1.PermissionsService", "authzed.api.v1.SchemaService",
                           "authzed.api.v1.WatchService", "authzed.api.v1.ExperimentalService"}) {
    const auto* service = DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) std::abort();
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

const MethodDescriptor* Choose(std::string_view line) {
  static const auto* const kMethods = new std::vector<const MethodDescriptor*>(FindMethods());
  for (const MethodDescriptor* method : *kMethods) {
    if (method->full_name().ends_with(Cat(".", method->service()->name(), ".", method->name())) &&
        line == Cat(method->service()->name(), "/", method->name())) {
      return method;
    }
  }
  return (*kMethods)[line.empty() ? 0 : static_cast<uint8_t>(line[0]) % kMethods->size()];
}

std::string BytesOf(const MethodDescriptor& method, const std::string& input) {
  static auto* const kFactory = google::protobuf::MessageFactory::generated_factory();
  const std::unique_ptr<google::protobuf::Message> message(kFactory->GetPrototype(method.input_type())->New());
  google::protobuf::TextFormat::Parser parser;
  class Silent : public google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  parser.RecordErrorsTo(&silent);
  parser.AllowPartialMessage(true);
  return parser.ParseFromString(input, message.get()) ? message->SerializePartialAsString() : input;
}

void Ask(std::string_view input) {
  static Served* served = nullptr;  // Never let go of at the end: RocksDB's own may be gone by then.
  static int asked = 0;
  if (served == nullptr) google::protobuf::SetLogHandler(nullptr);  // It tells of every byte that is no UTF-8.
  if (served == nullptr || ++asked % kInputsOfADatabase == 0) {
    delete served;
    served = new Served;
  }
  const size_t end = input.find('\n');
  const MethodDescriptor* const method = Choose(input.substr(0, end));
  const std::string bytes = end == input.npos ? "" : BytesOf(*method, std::string(input.substr(end + 1)));
  const bool lasts = method->name().find("Watch") != std::string::npos;
  NativeCall call(served->channel(), Cat("/", method->service()->full_name(), "/", method->name()), {});
  if (call.Write(bytes)) call.CloseWrites();
  std::string response;
  NativeCall::Got got = NativeCall::Got::kMessage;
  while (got == NativeCall::Got::kMessage) got = call.Read(&response, lasts ? kWatchPatience : kPatience);
  if (got != NativeCall::Got::kEnd) call.Cancel();
  const grpc::Status status = call.Finish();
  const bool at_fault = status.error_code() == grpc::UNKNOWN || status.error_code() == grpc::DATA_LOSS ||
                        (got != NativeCall::Got::kEnd && !lasts) ||
                        // What is no message of the type is gRPC's to refuse, and it says INTERNAL.
                        (status.error_code() == grpc::INTERNAL && !status.error_details().empty());
  if (!at_fault) return;
  std::cerr << method->full_name() << ": " << status.error_code() << " " << status.error_message() << "\n";
  std::abort();
}

}  // namespace
}  // namespace mandate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mandate::Ask({reinterpret_cast<const char*>(data), size});
  return 0;
}
