#include "actors/interfaces.hpp"

#include <thread>

namespace talaria::actors {

namespace {

// Messages that an actor handles before it lets others run: with work items of a millisecond, a few keep
// waiting times short.
constexpr std::size_t messages_in_a_row = 20;

} // namespace

void prepare(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::talaria_public>();
  config.add_message_types<caf::id_block::talaria_runtime>();
  config.add_error_category(
      caf::atom("talaria"), [](uint8_t, caf::atom_value, const caf::message& context) {
        return context.match_elements<std::string>() ? context.get_as<std::string>(0)
                                                     : std::string("talaria error");
      });
}

Config::Config(unsigned threads) {
  prepare(*this);
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  // Two at least, so that a long computation never keeps index and cache from answering.
  set("scheduler.max-threads", std::size_t{std::max(2u, threads)});
  set("scheduler.max-throughput", messages_in_a_row);
  // One queue with a condition variable: idle threads sleep, and a request wakes one at once.
  set("scheduler.policy", caf::atom("sharing"));
}

caf::error to_caf(const Error& error) {
  return caf::make_error(error.code(), error.message());
}

Error to_error(const caf::error& error) {
  if (error.category() == caf::atom("talaria")) {
    auto& context = error.context();
    return {static_cast<errc>(error.code()), context.match_elements<std::string>()
                                                 ? context.get_as<std::string>(0)
                                                 : std::string("no details")};
  }
  return {errc::unavailable,
          "an actor of the store has ended: open the store again (" + caf::to_string(error) + ")"};
}

} // namespace talaria::actors
