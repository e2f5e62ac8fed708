// Talaria in an application that is a CAF system itself: the store is one more actor, and a session
// talks to it by messages. The session stores a file, reads one record, verifies the repository, and
// ends; whoever watches it learns how it ended.
//
//   actor_system REPOSITORY FASTA ACCESSION
#include <talaria/actors.hpp>

#include <iostream>

using talaria::actors::store_actor;

namespace {

class Session : public caf::event_based_actor {
public:
  Session(caf::actor_config& config, store_actor store, std::string file, std::string accession)
      : caf::event_based_actor(config),
        store_(std::move(store)),
        file_(std::move(file)),
        accession_(std::move(accession)) {}

protected:
  // No message is handled: each answer sends the next request, and after the last there is nothing to
  // wait for.
  caf::behavior make_behavior() override {
    ingest();
    return {};
  }

private:
  void ingest() {
    talaria::IngestRequest release{.input = file_, .name = "sample", .version = "1", .options = {}};
    ask(
        [this](const talaria::IngestReport& report) {
          caf::aout(this) << report.release.records << " records, " << report.new_sequences
                          << " new sequences\n";
          get();
        },
        talaria::ingest_atom_v, std::move(release));
  }

  void get() {
    ask(
        [this](const talaria::Record& record) {
          caf::aout(this) << record.release << ": " << record.text;
          verify();
        },
        talaria::record_atom_v, accession_, std::string("sample"));
  }

  void verify() {
    ask(
        [this](const talaria::VerifyReport& report) {
          caf::aout(this) << report.chunks << " chunks verified, " << report.damages.size()
                          << " damages\n";
          if (!report.damages.empty())
            quit(caf::make_error(talaria::errc::damaged, report.damages.front().message));
        },
        talaria::verify_atom_v, talaria::VerifyOptions{});
  }

  // Sends a request to the store; an error ends the session with that error.
  template <class OnAnswer, class... Message>
  void ask(OnAnswer on_answer, Message&&... message) {
    request(store_, caf::infinite, std::forward<Message>(message)...)
        .then(std::move(on_answer), [this](caf::error& error) { quit(std::move(error)); });
  }

  store_actor store_;
  std::string file_;
  std::string accession_;
};

talaria::Result<void> run(caf::actor_system& system, char** arguments) {
  if (auto made = talaria::Store::init(arguments[0]);
      !made && made.error().code() != talaria::errc::exists)
    return made;
  auto objects = talaria::local_store(arguments[0], false);
  if (!objects) return tl::unexpected(objects.error());
  auto store = talaria::actors::spawn_store(system, std::move(*objects), talaria::Settings{});
  if (!store) return tl::unexpected(store.error());

  caf::scoped_actor self{system};
  auto session = self->spawn<Session, caf::monitored>(*store, arguments[1], arguments[2]);
  talaria::Result<void> result;
  self->receive([&](const caf::down_msg& down) {
    if (down.reason) result = tl::unexpected(talaria::actors::to_error(down.reason));
  });
  self->send_exit(*store, caf::exit_reason::user_shutdown);
  self->wait_for(*store);
  return result;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::cerr << "usage: actor_system REPOSITORY FASTA ACCESSION\n", 2;
  talaria::actors::Config config;
  caf::actor_system system{config}; // waits for its actors when it goes out of scope
  auto done = run(system, argv + 1);
  if (!done) std::cerr << to_string(done.error().code()) << ": " << done.error().message() << '\n';
  return done ? 0 : 1;
}
