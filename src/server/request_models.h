// The models as one request's page sees them: they compute within the request's time and while its
// client is there, and for no more texts than one answer should hold.
#pragma once

#include "server/models.h"
#include "server/service.h"

namespace podium::server {

class RequestModels final : public Models {
 public:
  RequestModels(const ModelRegistry& models, Caller caller)
      : models_(models), caller_(std::move(caller)) {}

  std::shared_ptr<const ServedModel> find(std::string_view name) const override;
  std::vector<std::shared_ptr<const ServedModel>> list() const override { return models_.list(); }

 private:
  const ModelRegistry& models_;
  const Caller caller_;
};

}  // namespace podium::server
