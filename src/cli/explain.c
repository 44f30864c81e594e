/* explain.c - auscult explain: which parts of the sound the model's answer rests on. */
#include "attrib/attrib.h"
#include "cli/arrays.h"
#include "cli/commands.h"
#include "cli/exports.h"
#include "cli/job.h"
#include "cli/page.h"
#include "cli/save.h"
#include "cli/wavs.h"
#include <string.h>

/* The words of --method: what takes sound apart, then every method of attribution. */
static const char methods[] = "audiolime|slime|superpixel|time"
#define AUS_METHOD(id, name) "|" name
#include "attrib/methods.def"
#undef AUS_METHOD
  ;

static const cli_option options[] = {
  CLI_ROW_MODEL,
  CLI_ROW_MODEL_CMD,
  { "method", 0, CLI_CHOICE, methods, "audiolime", 0, 0, CLI_AT(method), "one of the methods above" },
  { "target", 0, CLI_TEXT, "NAME|INDEX|topK", NULL, 0, 0, CLI_AT(target),
    "which answers to explain; several with commas; without it, top3. For arrays: INDEX, NAME, sum, top1, coordinates 1:0:2, or one per item with commas; without it, top1" },
  CLI_ROW_SCALE,
  { "baseline", 0, CLI_LIST, "WORD|V|FILE.npy", NULL, 0, 0, CLI_AT(baseline),
    "what stands where a part is off: slime, superpixel: zero, min, mean, max, noise, shuffle, binmean. Paths, DeepLIFT, occlusion: a number, zero, mean, min, max (of the input), "
    "or an array; several rows are one per item, or a background set (gradientshap, deepshap); INPUT=V for one input. Attribution of sound: silence, mean or a number. Without it, zero or silence" },
  { "samples", 0, CLI_TEXT, "exhaustive|N", NULL, 0, 0, CLI_AT(samples),
    "mixes to try; without it, all of them up to 2^12, else 2048 drawn. Other methods: how many are drawn" },
  { "seed", 0, CLI_INTEGER, "S", "0", 0, 9007199254740991.0, CLI_AT(seed), "for everything drawn by chance; the same seed gives the same result" },
  CLI_ROW_STEMS,
  { "separator", 0, CLI_TEXT, "hpss|nmf[:N]|FILE.aus", NULL, 0, 0, CLI_AT(separator), "audiolime without stems: how to find the sources: hpss (harmonic and percussive), N atoms of a factorisation (8), or a network; without it, hpss" },
  CLI_ROW_NO_RESIDUAL,
  { "segments", 0, CLI_TEXT, "N|onsets|beats|T1,T2,...", NULL, 0, 0, CLI_AT(segments),
    "cut in time: N equal segments, at onsets, at beats, or at these seconds; without it, 1 for audiolime, 10 for time" },
  { "crossfade", 0, CLI_REAL, "SECONDS", "0.01", 0, 10, CLI_AT(crossfade), "how neighbouring segments overlap; their fades add to one" },
  { "tiles", 0, CLI_TEXT, "TxF", "4x3", 0, 0, CLI_AT(tiles), "slime: segments in time by bands in frequency" },
  { "superpixels", 0, CLI_INTEGER, "N", "12", 1, 100000, CLI_AT(superpixels), "superpixel: about how many" },
  { "superpixel-method", 0, CLI_CHOICE, "slic|felzenszwalb", "slic", 0, 0, CLI_AT(superpixel), "superpixel: how they grow" },
  { "surrogate", 0, CLI_CHOICE, "wls|ridge|baylime|glime|shapley", "wls", 0, 0, CLI_AT(surrogate),
    "what gives the weights: weighted least squares, LIME's own ridge, BayLIME, GLIME, or Shapley values; Shapley values are always shown" },
  CLI_ROW_ALPHA,
  { "selection", 0, CLI_CHOICE, "none|forward|highest|lasso|auto", "none", 0, 0, CLI_AT(selection), "choose components before the fit" },
  { "features", 0, CLI_INTEGER, "N", "0", 0, 1e6, CLI_AT(features), "how many --selection keeps; 0: all" },
  CLI_ROW_DISTANCE,
  { "kernel-width", 0, CLI_REAL, "W", "0", 0, 1e9, CLI_AT(kernel_width), "of that weighting; 0: LIME's, 0.25, and 0.75 sqrt(parts) for euclidean" },
  CLI_ROW_BOOTSTRAP,
  { "layer", 0, CLI_TEXT, "NAME", NULL, 0, 0, CLI_AT(layer), "an inner value or node: what Grad-CAM and its like read; gradients and paths attribute to it instead of the input" },
  { "layer-input", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(layer_input), "--layer means what that node reads instead of what it writes" },
  { "from", 0, CLI_TEXT, "output|logits|NAME", NULL, 0, 0, CLI_AT(from),
    "where the score is read; logits: before a last softmax or sigmoid; without it, the output, for relevance and DeepLIFT the logits" },
  { "rules", 0, CLI_TEXT, "PRESET|FILE|RULE", NULL, 0, 0, CLI_AT(rules), "lrp: rules per layer (docs/lrp.md). deeplift: rescale, revealcancel, genomics, gradient; maxpool=gradient" },
  { "steps", 0, CLI_INTEGER, "N", NULL, 1, 100000, CLI_AT(steps), "ig: gradients on the way (without it, as many as the sum needs); inversion: steps downhill" },
  { "quadrature", 0, CLI_TEXT, "NAME", NULL, 0, 0, CLI_AT(quadrature), "ig: gausslegendre, left, right, middle, trapezoid, linspace, secant, adaptive" },
  { "noise", 0, CLI_REAL, "SD", NULL, -1e9, 1e9, CLI_AT(noise), "smoothgrad and its like: of the noise; below 0: as a part of the input's range; without it, -0.1" },
  { "multipliers", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(multipliers), "leave out the last multiplication with the input (its difference from the baseline)" },
  { "absolute", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(absolute), "absolute values" },
  { "no-relu", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(no_relu), "class activation maps: keep negative parts" },
  { "upsample", 0, CLI_CHOICE, "none|nearest|linear", "none", 0, 0, CLI_AT(interpolate), "class activation maps of arrays: enlarge to the input" },
  { "domain", 0, CLI_CHOICE, "bands|bins|samples", "bands", 0, 0, CLI_AT(domain),
    "sound: a map of what the network takes, of the bins of its STFT (down the filterbank), or of the samples" },
  { "top-percent", 0, CLI_REAL, "P", "10", 0.01, 100, CLI_AT(top_percent), "sound: --out also writes the P percent of the map that matter most" },
  { "window", 0, CLI_TEXT, "N|NxM", NULL, 0, 0, CLI_AT(window), "occlusion: cells hidden at once, along the last axes; one per input with commas" },
  { "stride", 0, CLI_TEXT, "N|NxM", NULL, 0, 0, CLI_AT(stride), "occlusion: from window to window" },
  { "keep", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(keep), "occlusion: keep the window and hide the rest" },
  { "mask", 0, CLI_LIST, "FILE.npy", NULL, 0, 0, CLI_AT(mask), "ablation, Shapley values: numbers that name the group of each cell; INPUT=FILE.npy for one input" },
  { "tree", 0, CLI_TEXT, "FILE.npy", NULL, 0, 0, CLI_AT(tree), "partitionshap: joins of features, as scipy's linkage" },
  { "grid", 0, CLI_INTEGER, "N", NULL, 1, 100000, CLI_AT(grid), "rise: cells of a mask along an axis; without it, 7" },
  { "probability", 0, CLI_REAL, "P", NULL, 0, 1, CLI_AT(probability), "rise: of a cell staying; without it, 0.5" },
  { "input-name", 0, CLI_LIST, "NAME[=X.npy]", NULL, 0, 0, CLI_AT(input), "arrays: which input of the network an array is for; once per input" },
  { "save", 0, CLI_TEXT, "FILE.npy", NULL, 0, 0, CLI_AT(save), "the values as an array, FILE-NAME.npy for each where there are several" },
  CLI_ROW_RANGE,
  CLI_ROW_JSON,
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for one WAV per component and the mixes for, against and of the top k per target" },
  { "top-k", 0, CLI_INTEGER, "K", "3", 1, 1000, CLI_AT(mixes), "components in the top-k mix of --out" },
  { "report", 0, CLI_TEXT, "FILE.html", NULL, 0, 0, CLI_AT(report), "one self-contained page: mixing desk, pictures, numbers" },
  CLI_ROW_REPORT_AUDIO,
  CLI_ROW_EXPORTS,
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* Questions that need no long work are answered first. */
static int check_outputs(cli_session *cs)
{
  int code = CLI_DONE;
  if (cs->s->report) code = cli_check_free(cs, cs->s->report);
  if (code == CLI_DONE) code = cli_check_exports(cs);
  if (code == CLI_DONE && cs->s->stems && cs->s->separator) code = cli_say(cs, CLI_BAD_USAGE, "give --stems or --separator, not both");
  return code;
}

/* What a model says and why: everything but the files and the table. */
int cli_job_explain(cli_job *job)
{
  cli_session *cs = job->cs;
  job->info = aus_model_describe(job->model);
  int code = cli_load_sound(cs, job->path, job->info->sample_rate, &job->sound);
  if (code == CLI_DONE) cli_remark_short(cs, &job->sound, job->info);
  if (code == CLI_DONE && cs->s->method >= CLI_FIRST_ATTRIB) return cli_job_attribute(job);
  if (code == CLI_DONE) code = cli_job_components(job);
  if (code == CLI_DONE && cs->s->out) code = cli_write_parts(cs, &job->components, NULL, true);
  if (code == CLI_DONE) code = cli_job_targets(job);
  return code == CLI_DONE ? cli_job_lime(job) : code;
}

int cli_job_write(cli_job *job)
{
  cli_session *cs = job->cs;
  int code = CLI_DONE;
  const bool exports = cs->s->exports.n > 0 || cs->s->svg || cs->s->png, map = cli_job_has_map(job);
  if (cs->s->out || cs->s->report || exports) code = cli_job_look(job);
  if (code == CLI_DONE && (map || cs->s->save)) code = cli_job_write_map(job, false);
  if (code == CLI_DONE && cs->s->out && !map) code = cli_write_parts(cs, &job->components, &job->explanation, false);
  if (code == CLI_DONE && cs->s->out) code = cli_save(job);
  if (code == CLI_DONE && (cs->s->report || exports)) code = cli_job_report(job);
  return code;
}

static int print_json(cli_job *job)
{
  aus_json json;
  const aus_status status = cli_job_json(job, false, &json);
  const int code = cli_print_finished(job->cs, status, &json);
  aus_json_free(&json);
  return code;
}

static int run_job(cli_job *job)
{
  int code = check_outputs(job->cs);
  if (code == CLI_DONE) code = cli_open_model(job->cs, &job->model);
  if (code == CLI_DONE) code = cli_job_explain(job);
  if (code == CLI_DONE) code = cli_job_write(job);
  if (code != CLI_DONE) return code;
  return job->cs->s->json ? print_json(job) : cli_job_print(job);
}

static int check_operands(cli_session *cs, int n)
{
  if (n == 1) return CLI_DONE;
  return cli_say(cs, CLI_BAD_USAGE, "%s; usage: auscult explain %s", n ? "too many arguments" : "something is missing", cli_explain.operands);
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  if (cli_means_arrays(s, n, operand)) return cli_session_close(&cs, cli_explain_arrays(&cs, n, operand));
  code = check_operands(&cs, n);
  if (code == CLI_DONE) code = cli_job_settle(&cs, s);
  if (code != CLI_DONE) return cli_session_close(&cs, code);
  cli_job job = { .cs = &cs, .path = operand[0] };
  code = run_job(&job);
  cli_job_free(&job);
  aus_model_close(job.model);
  return cli_session_close(&cs, code);
}

/* The methods by group, for --help. */
static void list_methods(FILE *f)
{
  static const char *const apart[][2] = { { "audiolime", "sources, and segments of them (the default)" }, { "slime", "tiles of the spectrogram" },
                                          { "superpixel", "superpixels of the spectrogram" }, { "time", "segments in time" } };
  fprintf(f, "\nmethods that take the sound apart:\n");
  for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) fprintf(f, "  %-16s %s\n", apart[i][0], apart[i][1]);
  const char *group = "";
  for (int32_t i = 0; aus_method_at(i); i++) {
    const aus_method *m = aus_method_at(i);
    if (strcmp(m->group, group) != 0) fprintf(f, "methods: %s\n", group = m->group);
    fprintf(f, "  %-16s %s\n", m->name, m->summary);
  }
}

static const cli_group groups[] = {
  { "stems", "taking the sound apart" }, { "layer", "attribution" }, { "window", "hiding parts of the input" }, { "input-name", "arrays" },
  { "offset", "input and results" }, { NULL, NULL }
};

const cli_command cli_explain = {
  .name = "explain",
  .operands = "AUDIO|X.npy -m MODEL.aus|--model-cmd CMD [OPTION...]",
  .groups = groups, .more = list_methods,
  .summary = "which parts of the sound the model's answer rests on",
  .about =
    "Takes the sound apart, lets the model hear mixes in which parts are missing, and tells for each part how much\n"
    "of the answer rests on it: by a weight (a local linear model fitted to the mixes, with an interval), by its\n"
    "Shapley value (a fair share of the answer), by what the model says to the part alone, and to all but it.\n"
    "R2 says how well the weights describe the model; where it is low, do not rest on them.\n"
    "Methods of attribution (gradient and after) give every number of the input its share instead; they also take\n"
    "X.npy, the input of a network without a front end (docs/attribution.md).",
  .examples = "# harmonic against percussive, three highest tags\nauscult explain song.wav -m tagger.aus\n"
              "# given stems, with sound and a page\nauscult explain song.wav -m tagger.aus --stems stems --out parts --report song.html\n"
              "# when does it matter? ten segments\nauscult explain song.wav -m tagger.aus --method time --target top1\n"
              "# a number per value of an array, by integrated gradients\nauscult explain x.npy -m net.aus --method ig --target 0 --save map.npy\n"
              "# any program as the model\nauscult explain song.wav --model-cmd 'python3 my_model.py' --json\n",
  .options = options, .min_operands = 0, .max_operands = 16, .run = run
};
