#include "abi/module_report.h"

#include <algorithm>
#include <array>

#include "abi/hostcall.h"
#include "abi/linked_module.h"
#include "module/limits_pass.h"

namespace weir::abi {
namespace {

std::string_view callback_subject(Callback callback) {
  using enum Callback;
  switch (callback) {
    case OnContextCreate:
    case OnVmStart:
    case ValidateConfiguration:
    case OnConfigure:
    case OnDone:
    case OnLog:
    case OnDelete:
      return "lifecycle";
    case OnTick:
    case OnQueueReady:
    case OnForeignFunction:
    case OnResolveDns:
      return "services";
    case OnNewConnection:
    case OnDownstreamData:
    case OnUpstreamData:
    case OnDownstreamConnectionClose:
    case OnUpstreamConnectionClose:
      return "connections";
    case OnRequestHeaders:
    case OnRequestBody:
    case OnRequestTrailers:
    case OnRequestMetadata:
      return "requests";
    case OnResponseHeaders:
    case OnResponseBody:
    case OnResponseTrailers:
    case OnResponseMetadata:
      return "responses";
    case OnHttpCallResponse:
    case OnGrpcReceiveInitialMetadata:
    case OnGrpcReceive:
    case OnGrpcReceiveTrailingMetadata:
    case OnGrpcClose:
      return "calls";
  }
  return "";
}

const CallbackType* find_callback(std::string_view name, Callback& which) {
  const auto found = std::ranges::find(kCallbacks, name, &CallbackType::name);
  if (found == kCallbacks.end()) return nullptr;
  which = static_cast<Callback>(found - kCallbacks.begin());
  return &*found;
}

ImportReport report_import(const ModuleInterface::Import& import) {
  bool name_known = false;
  const Hostcall* row = find_hostcall(import.module, import.name, import.type.view(), name_known);
  ImportReport report{
      ImportKind::Unknown, import.module, import.name, to_string(import.type.view()), {}};
  if (row == nullptr) {
    if (name_known) report.kind = ImportKind::OtherType;
    return report;
  }
  report.subject = subject_of(import.module, import.name);
  report.kind = is_compilers_own(import.name) ? ImportKind::CompilersOwn
                : import.module == "env"      ? ImportKind::Hostcall
                                              : ImportKind::Wasi;
  return report;
}

void report_imports(ModuleReport& report) {
  std::set<std::array<std::string, 3>> seen;
  for (const auto& import : report.info.interface.imports) {
    ImportReport told = report_import(import);
    if (!seen.insert({told.module, told.name, told.type}).second) continue;
    if (told.kind == ImportKind::Hostcall || told.kind == ImportKind::Wasi) {
      report.capabilities.insert(told.name);
    }
    report.imports.push_back(std::move(told));
  }
  for (const auto& other : report.info.other_imports) {
    report.imports.push_back(
        {ImportKind::Unknown, other.module, other.name, std::string(to_string(other.kind)), {}});
  }
}

void report_exports(ModuleReport& report) {
  for (const auto& item : report.info.interface.exports) {
    Callback which{};
    if (const CallbackType* type = find_callback(item.name, which)) {
      const bool fits = matching_params(*type, item.type).has_value();
      report.callbacks.push_back({type->name, callback_subject(which), fits});
      report.capabilities.insert(item.name);
    } else if (item.name.starts_with("proxy_on_") && item.name != "proxy_on_memory_allocate") {
      report.unknown_callbacks.push_back(item.name);
    } else if (!item.name.starts_with(kVersionMarkerPrefix)) {
      report.other_exports.push_back(item.name);
    }
  }
}

void report_start(ModuleReport& report) {
  const auto exports = [&](std::string_view name) {
    return report.info.interface.find_export(name) != nullptr;
  };
  const auto add_if = [&](std::string_view name) {
    if (exports(name)) report.start_sequence.emplace_back(name);
    return exports(name);
  };
  if (report.info.start_function) report.start_sequence.emplace_back("start section");
  if (add_if("_initialize")) {
    if (!add_if("main")) add_if("__main_void");
  } else {
    add_if("_start");
  }
  for (std::string_view name : {"proxy_on_memory_allocate", "malloc"}) {
    if (report.allocator.empty() && exports(name)) report.allocator = name;
  }
}

}  // namespace

Result<ModuleReport> report_module(Bytes wasm) {
  WEIR_TRY(wasm::ModuleInfo info, wasm::read_module(wasm));
  WEIR_TRY(wasm::check_own_names(info.interface));
  ModuleReport report;
  WEIR_TRY(const AbiMarker marker, abi_marker_of(info.interface));
  report.abi_version = marker.version;
  report.abi_marker = marker.name;
  report.info = std::move(info);
  report.producers = wasm::read_producers(wasm, report.info);
  report.made_with = wasm::guess_toolchain(wasm, report.info, report.producers);
  report_imports(report);
  report_exports(report);
  report_start(report);
  return report;
}

}  // namespace weir::abi
