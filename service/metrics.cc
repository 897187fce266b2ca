#include "service/metrics.h"

#include <unistd.h>

#include <fstream>
#include <map>

#include "authzed/api/v1/experimental_service.pb.h"
#include "authzed/api/v1/permission_service.pb.h"
#include "authzed/api/v1/schema_service.pb.h"
#include "authzed/api/v1/watch_service.pb.h"
#include "google/protobuf/descriptor.h"
#include "mandate/v1/admin_service.pb.h"
#include "mandate/v1/delegation_service.pb.h"
#include "mandate/v1/permission_service.pb.h"
#include "mandate/v1/relationship_service.pb.h"
#include "mandate/v1/schema_service.pb.h"
#include "mandate/v1/watch_service.pb.h"
#include "prometheus/text_serializer.h"
#include "schema/text.h"

namespace mandate {
namespace {

using google::protobuf::FileDescriptor;
using std::chrono::steady_clock;

constexpr char kUnknownMethod[] = "unknown";

// Seconds: what a kept answer takes, up to what no caller waits for.
prometheus::Histogram::BucketBoundaries Seconds() {
  return {0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
}

double InSeconds(std::chrono::nanoseconds took) { return std::chrono::duration<double>(took).count(); }

}  // namespace

const char* CodeName(int code) {
  static constexpr const char* kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return kNames[code];
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

class Metrics::CallCounter final : public grpc::experimental::Interceptor {
 public:
  CallCounter(Metrics& metrics, Method& method, const grpc::ServerContextBase* context)
      : metrics_(metrics), method_(method), context_(context) {
    method_.in_flight->Increment();
  }
  ~CallCounter() override { method_.in_flight->Decrement(); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::StatusCode code = methods->GetSendStatus().error_code();
      const auto took = steady_clock::now() - began_;
      Ended(static_cast<size_t>(code), took);
      if (metrics_.log_.Wants(code, took, method_.lasts)) Tell(code, took, methods->GetSendTrailingMetadata());
    }
    methods->Proceed();
  }

 private:
  // The caller gets the name under which the operator finds the call.
  void Tell(grpc::StatusCode code, steady_clock::duration took, std::multimap<std::string, std::string>* trailing) {
    const std::string peer = context_ == nullptr ? "" : context_->peer();
    const std::string key = context_ == nullptr ? "" : metrics_.gate_.NameOf(*context_);
    const std::string id =
        metrics_.log_.Tell({.method = method_.name,
                            .code = code,
                            .took = took,
                            .peer = peer,
                            .key = key,
                            .names = context_ == nullptr ? RequestNames() : NamesOfRequest(*context_)});
    if (!id.empty() && trailing != nullptr) trailing->emplace("x-request-id", id);
  }

  void Ended(size_t code, steady_clock::duration took) {
    method_.seconds->Observe(InSeconds(took));
    if (code >= method_.by_code.size()) code = static_cast<size_t>(grpc::StatusCode::UNKNOWN);
    prometheus::Counter* counter = method_.by_code[code].load(std::memory_order_acquire);
    if (counter == nullptr) {  // Two at a time are given the same one.
      counter = &metrics_.calls_.Add({{"method", method_.name}, {"code", CodeName(static_cast<int>(code))}});
      method_.by_code[code].store(counter, std::memory_order_release);
    }
    counter->Increment();
  }

  Metrics& metrics_;
  Method& method_;
  const grpc::ServerContextBase* const context_;
  const steady_clock::time_point began_ = steady_clock::now();
};

class Metrics::CallCounters final : public Interceptor {
 public:
  explicit CallCounters(Metrics& metrics) : metrics_(metrics) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return new CallCounter(metrics_, *metrics_.MethodOf(info->method() == nullptr ? "" : info->method()),
                           info->server_context());
  }

 private:
  Metrics& metrics_;
};

Metrics::Metrics(const Database* database, Gate* gate, const RequestLog* log)
    : database_(*database),
      gate_(*gate),
      log_(*log),
      calls_(prometheus::BuildCounter()
                 .Name("mandate_calls_total")
                 .Help("Calls of gRPC that ended, by method and code.")
                 .Register(registry_)),
      in_flight_(prometheus::BuildGauge()
                     .Name("mandate_calls_in_flight")
                     .Help("Calls of gRPC under way, by method; of Watch, the watchers.")
                     .Register(registry_)),
      seconds_(prometheus::BuildHistogram()
                   .Name("mandate_call_seconds")
                   .Help("How long calls of gRPC took in the server, by method.")
                   .Register(registry_)),
      http_(prometheus::BuildCounter()
                .Name("mandate_http_requests_total")
                .Help("Requests of HTTP, by route and status.")
                .Register(registry_)),
      http_seconds_(prometheus::BuildHistogram()
                        .Name("mandate_http_request_seconds")
                        .Help("How long requests of HTTP took until their answer was ready, by route.")
                        .Register(registry_)),
      store_(prometheus::BuildGauge()
                 .Name("mandate_store")
                 .Help("The store: revisions, relationships (an estimate), bytes on disk and in memory, the ledger's "
                       "last number.")
                 .Register(registry_)),
      process_(prometheus::BuildGauge()
                   .Name("process_resident_memory_bytes")
                   .Help("Resident memory of the server.")
                   .Register(registry_)),
      decisions_(prometheus::BuildCounter()
                     .Name("mandate_decisions_total")
                     .Help("Questions by their answer; `recalled` are those among them that were kept in memory.")
                     .Register(registry_)),
      load_(prometheus::BuildGauge()
                .Name("mandate_load")
                .Help("Calls under way, and how many may be, by the kind of their work.")
                .Register(registry_)),
      load_refused_(
          prometheus::BuildCounter()
              .Name("mandate_load_refused_total")
              .Help(
                  "Calls that were told to come back since the server had enough under way, by the kind of their work.")
              .Register(registry_)),
      keys_(prometheus::BuildCounter()
                .Name("mandate_key_calls_total")
                .Help("Calls by the id of the key (or certificate) that they were made with.")
                .Register(registry_)) {
  const FileDescriptor* const files[] = {v1::CheckRequest::descriptor()->file(),
                                         v1::WriteRequest::descriptor()->file(),
                                         v1::DelegateRequest::descriptor()->file(),
                                         v1::ReadSchemaRequest::descriptor()->file(),
                                         v1::WatchRequest::descriptor()->file(),
                                         v1::BackupRequest::descriptor()->file(),
                                         authzed::api::v1::CheckPermissionRequest::descriptor()->file(),
                                         authzed::api::v1::ReadSchemaRequest::descriptor()->file(),
                                         authzed::api::v1::WatchRequest::descriptor()->file(),
                                         authzed::api::v1::BulkCheckPermissionRequest::descriptor()->file()};
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        AddMethod(Cat("/", file->service(i)->full_name(), "/", file->service(i)->method(j)->name()));
      }
    }
  }
  AddMethod(Cat("/", kUnknownMethod));
}

void Metrics::AddMethod(const std::string& path) {
  auto method = std::make_unique<Method>();
  method->name = path.substr(1);
  method->lasts = path.find("/Watch") != path.npos;
  method->in_flight = &in_flight_.Add({{"method", method->name}});
  method->seconds = &seconds_.Add({{"method", method->name}}, Seconds());
  methods_[path] = std::move(method);
}

Metrics::Method* Metrics::MethodOf(std::string_view path) {
  const auto it = methods_.find(AbslView(path));
  return (it == methods_.end() ? methods_.find(Cat("/", kUnknownMethod)) : it)->second.get();
}

std::vector<std::unique_ptr<Metrics::Interceptor>> Metrics::Interceptors() {
  std::vector<std::unique_ptr<Interceptor>> interceptors;
  interceptors.push_back(std::make_unique<CallCounters>(*this));
  return interceptors;
}

void Metrics::CountHttp(std::string_view route, int status, std::chrono::nanoseconds took) {
  http_.Add({{"route", std::string(route)}, {"status", std::to_string(status)}}).Increment();
  http_seconds_.Add({{"route", std::string(route)}}, Seconds()).Observe(InSeconds(took));
}

void Metrics::Refresh() {
  std::lock_guard lock(refresh_mutex_);
  const DecisionTally& tally = database_.tally();
  const auto decided = [&](const char* decision, const std::atomic<uint64_t>& count) {
    prometheus::Counter& counter = decisions_.Add({{"decision", decision}});
    counter.Increment(static_cast<double>(count.load(std::memory_order_relaxed)) - counter.Value());
  };
  decided("allowed", tally.allowed);
  decided("denied", tally.denied);
  decided("conditional", tally.conditional);
  decided("failed", tally.failed);
  decided("recalled", tally.recalled);
  for (const auto& [id, use] : gate_.Uses()) {
    const std::string& key = id;
    const auto count = [&](const char* outcome, const std::atomic<uint64_t>& calls) {
      const auto value = static_cast<double>(calls.load(std::memory_order_relaxed));
      if (value == 0) return;  // Most keys of a long list are not in use.
      prometheus::Counter& counter = keys_.Add({{"key", key}, {"outcome", outcome}});
      counter.Increment(value - counter.Value());
    };
    count("admitted", use->admitted);
    count("refused", use->refused);
  }
  process_.Add({}).Set(static_cast<double>(ResidentBytes()));
  for (const auto& [work, name] : {std::pair(Work::kQuestion, "question"), std::pair(Work::kWrite, "write"),
                                   std::pair(Work::kList, "list"), std::pair(Work::kWatch, "watch")}) {
    load_.Add({{"work", name}, {"of", "under_way"}}).Set(static_cast<double>(gate_.load().under_way(work)));
    load_.Add({{"work", name}, {"of", "limit"}}).Set(static_cast<double>(gate_.load().limit(work)));
    prometheus::Counter& refused = load_refused_.Add({{"work", name}});
    refused.Increment(static_cast<double>(gate_.load().refused(work)) - refused.Value());
  }
  const auto set = [&](const char* what, uint64_t value) {
    store_.Add({{"of", what}}).Set(static_cast<double>(value));
  };
  set("ledger_sequence", database_.store().Head()->ledger_head().sequence);
  const auto stats = database_.store().Stats();
  if (!stats.ok()) return;  // What was known last stays.
  set("revision", stats->head.value());
  set("oldest_revision", stats->oldest.value());
  set("relationships", stats->live_relationships_estimate);
  set("disk_bytes", stats->disk_bytes);
  set("write_buffer_bytes", stats->write_buffer_bytes);
  set("block_cache_bytes", stats->block_cache_bytes);
  set("table_reader_bytes", stats->table_reader_bytes);
}

std::string Metrics::Text() {
  Refresh();
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace mandate
