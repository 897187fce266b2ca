// metrics.h: what the server counts, in the form that Prometheus reads (docs/operations.md names each).
//
//   Metrics metrics(&database, &gate, &log);
//   builder.experimental().SetInterceptorCreators(metrics.Interceptors());    // Every call of gRPC.
//   std::string text = metrics.Text();
//
// Labels are names of ours and ids of keys in use, never what a caller sent: there are as many series as there are
// methods, codes and keys.
//
// Threads     Safe to share.
// Ownership   Database and gate outlive it; it outlives the server.
#ifndef MANDATE_SERVICE_METRICS_H_
#define MANDATE_SERVICE_METRICS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "grpcpp/support/server_interceptor.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "service/access/gate.h"
#include "service/database/database.h"
#include "service/request_log.h"

namespace mandate {

// `DEADLINE_EXCEEDED`, of gRPC's numbers. REQUIRES: it is one of them.
const char* CodeName(int code);

// Resident memory of this process, as Linux tells it; 0 where it does not.
uint64_t ResidentBytes();

class Metrics {
 public:
  // `log` is told of every call that ends.
  Metrics(const Database* database, Gate* gate, const RequestLog* log);

  using Interceptor = grpc::experimental::ServerInterceptorFactoryInterface;
  std::vector<std::unique_ptr<Interceptor>> Interceptors();

  // One answer over HTTP. `route`: one of ours, or `other`.
  void CountHttp(std::string_view route, int status, std::chrono::nanoseconds took);

  // All of it, in the text format 0.0.4.
  std::string Text();

 private:
  class CallCounter;
  class CallCounters;
  // The series of one method. A code's counter is made when it first comes up.
  struct Method {
    std::string name;
    bool lasts = false;  // A watch: how long it took says nothing.
    prometheus::Gauge* in_flight = nullptr;
    prometheus::Histogram* seconds = nullptr;
    std::array<std::atomic<prometheus::Counter*>, 17> by_code{};
  };
  Method* MethodOf(std::string_view path);
  void AddMethod(const std::string& path);
  void Refresh();

  const Database& database_;
  Gate& gate_;
  const RequestLog& log_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& calls_;
  prometheus::Family<prometheus::Gauge>& in_flight_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  prometheus::Family<prometheus::Counter>& http_;
  prometheus::Family<prometheus::Histogram>& http_seconds_;
  prometheus::Family<prometheus::Gauge>& store_;
  prometheus::Family<prometheus::Gauge>& process_;
  prometheus::Family<prometheus::Counter>& decisions_;
  prometheus::Family<prometheus::Gauge>& load_;
  prometheus::Family<prometheus::Counter>& load_refused_;
  prometheus::Family<prometheus::Counter>& keys_;
  std::mutex refresh_mutex_;  // One reader at a time brings what others count up to date.
  absl::flat_hash_map<std::string, std::unique_ptr<Method>> methods_;  // By path; not changed once made.
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_METRICS_H_
