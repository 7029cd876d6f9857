// Which classes serve which root_id, and the contexts that there are.

#include <map>
#include <utility>

#include "state.h"

namespace weir_sdk {
namespace {

struct Factories {
  RootFactory root;
  ContextFactory context;
};

// Filled by static objects, in whatever order they are made.
std::map<std::string, Factories, std::less<>>& factories() {
  static std::map<std::string, Factories, std::less<>> all;
  return all;
}

std::string own_root_id() {
  std::string root_id;
  getValue({"plugin_root_id"}, &root_id);
  return root_id;
}

// Such a plugin passes everything, which may not be what its configuration means.
void warn_of(std::string_view root_id) {
  if (factories().empty()) return;
  std::string known;
  for (const auto& [name, made] : factories()) known += " '" + name + "'";
  logWarn("no class is registered for the root_id '" + std::string(root_id) + "', only for" +
          known);
}

std::unique_ptr<RootContext> make_root(uint32_t id, std::string_view root_id) {
  const auto found = factories().find(root_id);
  if (found == factories().end()) warn_of(root_id);
  if (found == factories().end() || !found->second.root) {
    return std::make_unique<RootContext>(id, root_id);
  }
  return found->second.root(id, root_id);
}

std::unique_ptr<Context> make_context(uint32_t id, RootContext* root) {
  const auto found = factories().find(root->root_id());
  if (found == factories().end() || !found->second.context) {
    return std::make_unique<Context>(id, root);
  }
  return found->second.context(id, root);
}

}  // namespace
}  // namespace weir_sdk

RegisterContextFactory::RegisterContextFactory(ContextFactory context_factory,
                                               RootFactory root_factory, std::string_view root_id) {
  weir_sdk::Factories& made = weir_sdk::factories()[std::string(root_id)];
  if (context_factory) made.context = std::move(context_factory);
  if (root_factory) made.root = std::move(root_factory);
}

ContextBase* getContextBase(uint32_t context_id) {
  auto& contexts = weir_sdk::state().contexts;
  const auto found = contexts.find(context_id);
  return found == contexts.end() ? nullptr : found->second.get();
}

RootContext* getRootContext(uint32_t context_id) {
  ContextBase* context = getContextBase(context_id);
  return context == nullptr ? nullptr : context->asRoot();
}

Context* getContext(uint32_t context_id) {
  ContextBase* context = getContextBase(context_id);
  return context == nullptr ? nullptr : context->asContext();
}

RootContext* getRoot(std::string_view root_id) {
  auto& roots = weir_sdk::state().roots;
  const auto found = roots.find(std::string(root_id));
  return found == roots.end() ? nullptr : found->second;
}

void proxy_on_context_create(uint32_t context_id, uint32_t parent_id) {
  const weir_sdk::EndOfCallback end;
  weir_sdk::State& state = weir_sdk::state();
  if (state.contexts.count(context_id) != 0) return;
  if (parent_id == 0) {
    const std::string root_id = weir_sdk::own_root_id();
    auto root = weir_sdk::make_root(context_id, root_id);
    state.roots[root_id] = root.get();
    ContextBase* made = (state.contexts[context_id] = std::move(root)).get();
    made->onCreate();
    return;
  }
  RootContext* root = getRootContext(parent_id);
  if (root == nullptr) logAbort("a stream of a root context that does not exist");
  ContextBase* made = (state.contexts[context_id] = weir_sdk::make_context(context_id, root)).get();
  made->onCreate();
}

void proxy_on_delete(uint32_t context_id) {
  const weir_sdk::EndOfCallback end;
  weir_sdk::State& state = weir_sdk::state();
  ContextBase* context = getContextBase(context_id);
  if (context == nullptr) return;
  context->onDelete();
  if (RootContext* root = context->asRoot()) {
    const auto named = state.roots.find(std::string(root->root_id()));
    if (named != state.roots.end() && named->second == root) state.roots.erase(named);
  }
  state.contexts.erase(context_id);
}

std::string toString(WasmResult result) {
  constexpr const char* kNames[] = {
      "Ok",           "NotFound",       "BadArgument",         "SerializationFailure",
      "ParseFailure", "BadExpression",  "InvalidMemoryAccess", "Empty",
      "CasMismatch",  "ResultMismatch", "InternalFailure",     "BrokenConnection",
      "Unimplemented"};
  const auto index = static_cast<size_t>(result);
  return index < sizeof kNames / sizeof kNames[0] ? kNames[index] : "Unknown";
}

std::vector<std::pair<std::string_view, std::string_view>> WasmData::pairs() {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  const auto number = [this](size_t at) {
    uint32_t value = 0;
    std::memcpy(&value, data_ + at, sizeof value);
    return value;
  };
  if (size_ < sizeof(uint32_t)) return all;
  const uint64_t count = number(0);
  uint64_t text_at = sizeof(uint32_t) + count * 2 * sizeof(uint32_t);
  if (text_at > size_) return all;
  all.reserve(static_cast<size_t>(count));
  const auto take = [&](size_t size_at) {
    const uint32_t size = number(size_at);
    if (text_at + size + 1 > size_) return std::string_view();
    const std::string_view text(data_ + text_at, size);
    text_at += size + 1;
    return text;
  };
  for (size_t i = 0; i < count; ++i) {
    const size_t sizes_at = sizeof(uint32_t) * (1 + 2 * i);
    const std::string_view name = take(sizes_at);
    all.emplace_back(name, take(sizes_at + sizeof(uint32_t)));
  }
  return all;
}
