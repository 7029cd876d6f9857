#pragma once
// An engine that runs guests on another one and writes down every call between them and the host.

#include <memory>

#include "differential/contenders.h"
#include "differential/transcript.h"
#include "engine/code_cache.h"
#include "engine/engine.h"

namespace weir::test {

// Each call, in either direction, is a line with its arguments, its results and a digest of the
// guest's whole memory at the moment when the guest stopped running. Of a trap its kind is told,
// not the engine's words; after one that comes at a moment of the engine's choice (a stack
// overflow, an interrupt) the memory is not.
// WASI's random_get is answered here, with the same bytes in every run.
// Limits that Weir supplies are supplied below, so that what they add to a guest is not traced:
// modules are to be instantiated with `limits`. The references outlive the engine. Thread: the one
// that uses the transcript.
std::unique_ptr<engine::Engine> make_tracing_engine(const Contender& contender,
                                                    const engine::CodeCache& cache,
                                                    const engine::Limits& limits,
                                                    Transcript& transcript);

}  // namespace weir::test
