/* test_cli.c - the command's main jobs with every allocation failing in turn.
 *
 * The commands are linked into this program and make their context as always; only that its memory is ours. Each failing
 * run must end with exit code 1, say "out of memory" once on stderr, give back every block, and leave no output behind. */
/* The session as it is, on our memory: every name below is the real one again. */
#define aus_ctx_create metered_ctx_create
#include "cli/session.c"
#undef aus_ctx_create
aus_status aus_ctx_create(aus_ctx **out, const aus_config *config);

#include "oom.h"
#include "test.h"

#include <dirent.h>
#include <fcntl.h>

#include "cli/commands.h"

#include <auscult/audio.h>

static meter memory;

static void *give(void *user, size_t n) { (void)user; return meter_alloc(&memory, n); }
static void take(void *user, void *p) { (void)user; meter_free(&memory, p); }

aus_status metered_ctx_create(aus_ctx **out, const aus_config *config)
{
  aus_config metered = *config;
  metered.alloc = give;
  metered.free = take;
  return aus_ctx_create(out, &metered);
}

static char folder[64], here[1024];

/* Runs with stdout thrown away and stderr in the file `said`. */
static int run_command(const cli_command *command, int argc, char **argv)
{
  cli_settings s = { .command = command, .argc = argc, .argv = argv };
  int n;
  char **operand;
  fflush(stdout);
  const int out = dup(1), err = dup(2), null = open("/dev/null", O_WRONLY), said = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(out >= 0 && err >= 0 && null >= 0 && said >= 0);
  dup2(null, 1);
  dup2(said, 2);
  int code = cli_parse(command, argc, argv, &s, &n, &operand);
  if (code == 0) code = command->run(&s, n, operand);
  fflush(stdout);
  fflush(stderr);
  dup2(out, 1);
  dup2(err, 2);
  close(out); close(err); close(null); close(said);
  return code;
}

/* Lines of error, notes and warnings aside; the last of them. */
static int errors_said(char last[1024])
{
  char line[1024];
  int n = 0;
  FILE *f = fopen("said", "r");
  assert_non_null(f);
  last[0] = 0;
  while (fgets(line, sizeof line, f)) {
    if (strncmp(line, "auscult: note: ", 15) == 0 || strncmp(line, "auscult: warning: ", 18) == 0) continue;
    n++;
    memcpy(last, line, sizeof line);
  }
  fclose(f);
  return n;
}

static void remove_all(const char *path)
{
  DIR *dir = opendir(path);
  const struct dirent *entry;
  char file[512];
  while (dir && (entry = readdir(dir))) {
    snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) unlink(file);
  }
  if (dir) closedir(dir);
  rmdir(path);
}

static void sweep(const cli_command *command, const char *const *words)
{
  int64_t n = 0;
  for (bool refused = true; refused; n++) {
    char copy[24][512], *argv[25] = { NULL };
    int argc = 0;
    for (; words[argc]; argc++) {
      snprintf(copy[argc], sizeof copy[0], "%s", words[argc]);
      argv[argc] = copy[argc];
    }
    memory = (meter){ .left = n, .lasting = n % 4 == 3 };
    const int code = run_command(command, argc, argv);
    refused = memory.refused > 0;
    if (memory.blocks != 0) fail_msg("%s, allocation %d failed: %d blocks are left", words[0], (int)n, (int)memory.blocks);
    char said[1024];
    const int errors = errors_said(said);
    if (refused && (code != CLI_FAILED || errors != 1 || !strstr(said, "out of memory")))
      fail_msg("%s, allocation %d failed: exit code %d, %d lines of error, %s", words[0], (int)n, code, errors, said);
    if (!refused && (code != CLI_DONE || errors)) fail_msg("%s: exit code %d with all the memory it wants: %s", words[0], code, said);
    if (refused && (access("out", F_OK) == 0 || access("page.html", F_OK) == 0))
      fail_msg("%s, allocation %d failed: output is left behind", words[0], (int)n);
    remove_all("out");
    unlink("page.html");
  }
  print_message("%s: %d allocations\n", words[0], (int)n - 1);
  assert_true(n > 20);
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void predict(void **state)
{
  (void)state;
  sweep(&cli_predict, WORDS("predict", "slow.wav", "-m", "demo.aus", "--threads", "1", "--top", "0"));
  sweep(&cli_predict, WORDS("predict", "song.wav", "-m", "demo.aus", "--threads", "1", "--json"));
}

static void explain(void **state)
{
  (void)state;
  sweep(&cli_explain, WORDS("explain", "song.wav", "-m", "demo.aus", "--threads", "1", "--bootstrap", "3", "--target", "drums", "--out", "out", "--report", "page.html"));
  sweep(&cli_explain, WORDS("explain", "song.wav", "-m", "demo.aus", "--threads", "1", "--bootstrap", "3", "--stems", "stems", "--target", "drums", "--json"));
}

static void separate(void **state)
{
  (void)state;
  sweep(&cli_separate, WORDS("separate", "song.wav", "--out", "out", "--threads", "1"));
}

/* A fifth of a second of the demo's sound at this rate: the whole of it would be hashed each time. */
static void shorten(aus_ctx *ctx, const char *name, int32_t rate, const char *as)
{
  const aus_audio_range range = { .offset = 1, .duration = 0.2 };
  char from[1200];
  aus_audio a;
  snprintf(from, sizeof from, "%s/demo-test/%s", here, name);
  assert_ok(ctx, aus_audio_read_mono(ctx, from, &range, rate, &a));
  assert_ok(ctx, aus_audio_write_wav(ctx, as, &a, AUS_WAV_PCM16, 0));
  aus_audio_free(ctx, &a);
}

/* Everything happens in a folder of its own, with the model that make_demo has made. */
static int enter(void **state)
{
  (void)state;
  char model[1100];
  if (!getcwd(here, sizeof here)) return 1;
  snprintf(model, sizeof model, "%s/demo-test/demo.aus", here);
  /* in memory where that is offered: every output is synchronised with its disk */
  snprintf(folder, sizeof folder, "%s/aus-cli-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (access(model, R_OK) != 0) { print_error("no %s (make demo-test/stamp)\n", model); return 1; }
  if (!mkdtemp(folder) || chdir(folder) != 0 || symlink(model, "demo.aus") != 0 || mkdir("stems", 0700) != 0) return 1;
  aus_ctx *ctx = test_ctx(1);
  shorten(ctx, "song.wav", 8000, "slow.wav");
  shorten(ctx, "song.wav", 16000, "song.wav"); /* the model's own rate: making a resampler takes longer than all the rest */
  shorten(ctx, "stems/bass.wav", 16000, "stems/bass.wav");
  shorten(ctx, "stems/drums.wav", 16000, "stems/drums.wav");
  aus_ctx_destroy(ctx);
  return 0;
}

static int leave(void **state)
{
  (void)state;
  remove_all("stems");
  if (chdir(here) != 0) return 1;
  remove_all(folder);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(predict), cmocka_unit_test(explain), cmocka_unit_test(separate) };
  return cmocka_run_group_tests(tests, enter, leave);
}
