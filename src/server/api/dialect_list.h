// What each dialect's file defines; registry.cc puts them in order.
#pragma once

#include "server/api/dialect.h"

namespace podium::server {

// NOLINTBEGIN(readability-identifier-naming): constants, though their values are elsewhere
extern const Dialect kAzure;
extern const Dialect kBedrock;
extern const Dialect kCohereV1;
extern const Dialect kCohereV2;
extern const Dialect kDiscovery;
extern const Dialect kInfinity;
extern const Dialect kJina;
extern const Dialect kKserve;
extern const Dialect kLlamaCpp;
extern const Dialect kLocalAi;
extern const Dialect kMcp;
extern const Dialect kMixedbread;
extern const Dialect kOpenAi;
extern const Dialect kPinecone;
extern const Dialect kSageMaker;
extern const Dialect kTei;
extern const Dialect kVertex;
extern const Dialect kVllmRerank;
extern const Dialect kVllmScore;
extern const Dialect kVoyage;
extern const Dialect kXinference;
// NOLINTEND(readability-identifier-naming)

}  // namespace podium::server
