// One request on its way through the server: what it is called, who asks, how it ends. Whatever
// becomes of it, it is answered once, counted once, logged once, and its place is given back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/api/dialect.h"
#include "server/entry.h"
#include "server/ops/metrics.h"
#include "server/ops/trace.h"
#include "server/server.h"

namespace podium::server {

class Handling : public std::enable_shared_from_this<Handling> {
 public:
  Handling(Server& server, std::shared_ptr<Exchange> exchange);
  ~Handling();
  Handling(const Handling&) = delete;
  Handling& operator=(const Handling&) = delete;

  // From the I/O thread: sends the request on its way.
  void begin();

  // The refusal that a request's head is enough for; nothing if its body is wanted.
  static std::optional<HttpResponse> check_head(Server& server, const HttpRequest& head);
  // The answer to what is no request that could be handled.
  static HttpResponse refuse_broken(Server& server, int status, Error error);

 private:
  void run_endpoint();
  void read_body();
  bool admit();
  // From the body's timeout, the header's or the server's. False: the header's is none.
  bool set_deadline(std::optional<std::chrono::milliseconds> in_body);
  void show_page(const json::Value& body);
  void rank(const Call& call);
  bool submit(WorkQueue& queue, std::int64_t priority, const std::function<void(Handling&)>& step);
  void refuse(Denial denial);
  void finish(HttpResponse response);
  void export_span();
  const std::string& client() const;
  Caller caller() const;
  double seconds() const;  // since the request was complete
  static HttpResponse refuse_early(Server& server, const HttpRequest& head, const Dialect* dialect,
                                   Denial denial);

  Server& server_;
  std::shared_ptr<Exchange> exchange_;
  std::string request_id_ = random_hex(32);
  TraceContext trace_;
  Target target_;
  Identity identity_;
  std::optional<Admission> admission_;
  std::string model_;
  Sample sample_;
  Clock::time_point deadline_;
  bool finished_ = false;
};

}  // namespace podium::server
