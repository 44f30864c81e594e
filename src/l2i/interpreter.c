/* interpreter.c - an interpreter's file: Psi and Theta as a graph, W as the tensor "dictionary", and for whom it is.
 *
 * The file names its classifier by the hash of all its bytes: an interpreter on another classifier's layers would compute something,
 * and it would mean nothing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "l2i/l2i.h"
#include "nn/run.h"

/* ---- metadata ------------------------------------------------------------------------------------------ */

static const char *const kinds[] = { "interpreter", "flint", "vibi", "lmac" };
enum { KINDS = sizeof kinds / sizeof *kinds };

void aus_l2i_write_spec(aus_builder *b, const aus_l2i_spec *s, const aus_bundle *classifier, int32_t n_fft, int32_t hop)
{
  const char *names[AUS_L2I_TAPS];
  int64_t shape[5 * AUS_L2I_TAPS];
  for (int32_t i = 0; i < s->n_taps; i++) {
    const aus_l2i_tap *t = &s->tap[i];
    const int64_t of[5] = { t->rank, t->c, t->freq, t->time, t->turned };
    names[i] = t->name;
    memcpy(shape + 5 * i, of, sizeof of);
  }
  aus_builder_string(b, "kind", kinds[s->method]);
  aus_builder_string(b, "l2i.classifier", aus_meta_string(classifier, "name", ""));
  aus_builder_string(b, "l2i.classifier_sha256", aus_bundle_sha256(classifier));
  aus_builder_strings(b, "l2i.taps", s->n_taps, names);
  aus_builder_integers(b, "l2i.tap_shapes", 5 * s->n_taps, shape);
  aus_builder_string(b, "l2i.layout", s->vgg ? "vgg" : "general");
  aus_builder_string(b, "l2i.pooling", s->max_pooling ? "max" : "attention");
  aus_builder_string(b, "l2i.score", s->sigmoid ? "sigmoid" : "softmax");
  aus_builder_real(b, "l2i.dropout", s->dropout);
  aus_builder_integer(b, "l2i.atoms", s->atoms);
  aus_builder_integer(b, "l2i.targets", s->classes);
  aus_builder_integer(b, "l2i.bins", s->bins);
  aus_builder_integer(b, "l2i.frames", s->frames);
  aus_builder_integer(b, "l2i.n_fft", n_fft);
  aus_builder_integer(b, "l2i.hop", hop);
  aus_builder_string(b, "l2i.x", "ln(1 + |STFT(sound / largest |sample|)|)");
  if (s->method == AUS_L2I_VIBI) aus_builder_integers(b, "l2i.chunks", 3, (const int64_t[]){ s->rows, s->columns, s->picks });
  if (s->method == AUS_L2I_LMAC) aus_builder_integers(b, "l2i.decoder", 2, (const int64_t[]){ s->width, s->bands });
}

static bool in_range(int64_t v, int64_t most) { return v >= 1 && v <= most; }

static bool read_tap(const aus_bundle *b, int32_t i, aus_l2i_tap *t)
{
  int64_t of[5];
  for (int32_t k = 0; k < 5; k++) of[k] = (int64_t)aus_meta_real_at(b, "l2i.tap_shapes", 5 * i + k);
  const char *name = aus_meta_string_at(b, "l2i.taps", i);
  *t = (aus_l2i_tap){ .rank = (int32_t)of[0], .c = of[1], .freq = of[2], .time = of[3], .turned = of[4] == 1 };
  if (!name || !*name || strlen(name) >= sizeof t->name || of[0] < 3 || of[0] > 4 || !in_range(of[1], 1 << 20) || !in_range(of[2], 1 << 20) || !in_range(of[3], 1 << 24)) return false;
  strcpy(t->name, name);
  return true;
}

/* What one method adds. */
static bool read_method(const aus_bundle *b, aus_l2i_spec *s)
{
  int64_t of[3];
  for (int32_t k = 0; k < 3; k++) of[k] = (int64_t)aus_meta_real_at(b, s->method == AUS_L2I_VIBI ? "l2i.chunks" : "l2i.decoder", k);
  if (s->method == AUS_L2I_VIBI) {
    if (!in_range(of[0], s->bins) || !in_range(of[1], s->frames) || !in_range(of[2], of[0] * of[1])) return false;
    s->rows = (int32_t)of[0], s->columns = (int32_t)of[1], s->picks = (int32_t)of[2];
  }
  if (s->method == AUS_L2I_LMAC) {
    if (!in_range(of[0], 1 << 16) || !in_range(of[1], 1 << 20)) return false;
    s->width = (int32_t)of[0], s->bands = (int32_t)of[1];
  }
  return true;
}

aus_status aus_l2i_read_spec(const aus_bundle *b, aus_l2i_spec *s)
{
  const int64_t taps = aus_meta_count(b, "l2i.taps"), size[] = { aus_meta_integer(b, "l2i.atoms", 0), aus_meta_integer(b, "l2i.targets", 0),
                                                                  aus_meta_integer(b, "l2i.bins", 0), aus_meta_integer(b, "l2i.frames", 0) };
  const char *name = aus_meta_string(b, "name", "the file");
  int method = 0;
  while (method < KINDS && strcmp(aus_meta_string(b, "kind", ""), kinds[method]) != 0) method++;
  if (method == KINDS) return aus_fail(b->ctx, AUS_EFORMAT, "%s is no interpreter (auscult l2i train makes one)", name);
  *s = (aus_l2i_spec){ .n_taps = (int32_t)taps, .vgg = strcmp(aus_meta_string(b, "l2i.layout", ""), "vgg") == 0,
                       .max_pooling = strcmp(aus_meta_string(b, "l2i.pooling", ""), "max") == 0, .dropout = aus_meta_real(b, "l2i.dropout", 0),
                       .sigmoid = strcmp(aus_meta_string(b, "l2i.score", ""), "sigmoid") == 0, .atoms = (int32_t)size[0], .classes = (int32_t)size[1],
                       .bins = (int32_t)size[2], .frames = size[3], .method = (aus_l2i_method)method };
  if (taps < 1 || taps > AUS_L2I_TAPS || aus_meta_count(b, "l2i.tap_shapes") != 5 * taps || !in_range(size[0], 1 << 16) || !in_range(size[1], 1 << 20) ||
      !in_range(size[2], 1 << 20) || !in_range(size[3], 1 << 24))
    return aus_fail(b->ctx, AUS_EFORMAT, "the interpreter %s does not say what it reads", name);
  for (int32_t i = 0; i < s->n_taps; i++)
    if (!read_tap(b, i, &s->tap[i])) return aus_fail(b->ctx, AUS_EFORMAT, "the interpreter %s does not say what it reads", name);
  return read_method(b, s) ? AUS_OK : aus_fail(b->ctx, AUS_EFORMAT, "%s does not say how its mask is made", name);
}

/* ---- does all of it fit together ---------------------------------------------------------------------------- */

static aus_status check_classifier(aus_ctx *ctx, const aus_bundle *bundle, const aus_inside *in)
{
  const char *wanted = aus_meta_string(bundle, "l2i.classifier_sha256", ""), *is = aus_bundle_sha256(in->bundle);
  if (strcmp(wanted, is) == 0) return AUS_OK;
  return aus_fail(ctx, AUS_EINVAL, "this interpreter explains '%.60s' (sha256 %.12s...); the model given is '%.60s' (%.12s...)",
                  aus_meta_string(bundle, "l2i.classifier", "?"), wanted, aus_meta_string(in->bundle, "name", "?"), is);
}

/* The layers that it reads, as the classifier has them now. */
static aus_status check_taps(aus_ctx *ctx, const aus_inside *in, const aus_l2i_spec *spec)
{
  const char *names[AUS_L2I_TAPS];
  aus_l2i_spec now;
  for (int32_t i = 0; i < spec->n_taps; i++) names[i] = spec->tap[i].name;
  AUS_TRY(aus_l2i_find_taps(ctx, in, spec->n_taps, names, &now));
  for (int32_t i = 0; i < now.n_taps; i++) {
    const aus_l2i_tap *a = &spec->tap[i], *b = &now.tap[i];
    if (a->rank == b->rank && a->c == b->c && a->freq == b->freq && a->time == b->time && a->turned == b->turned) continue;
    return aus_fail(ctx, AUS_EINVAL, "layer '%.60s' is %lld x %lld x %lld here; the interpreter was made for %lld x %lld x %lld", a->name, (long long)b->c,
                    (long long)b->freq, (long long)b->time, (long long)a->c, (long long)a->freq, (long long)a->time);
  }
  if (now.classes == spec->classes) return AUS_OK;
  return aus_fail(ctx, AUS_EINVAL, "the classifier has %d targets, the interpreter %d", (int)now.classes, (int)spec->classes);
}

aus_status aus_l2i_check(aus_ctx *ctx, const aus_bundle *bundle, const aus_inside *in, const aus_l2i_spec *spec)
{
  AUS_TRY(check_classifier(ctx, bundle, in));
  return check_taps(ctx, in, spec);
}

static aus_status tensor(const aus_interpreter *it, const char *name, int64_t rows, int64_t columns, const char *rows_are, const float **out)
{
  const int32_t i = aus_bundle_find_tensor(it->bundle, name);
  if (i < 0) return aus_fail(it->ctx, AUS_EFORMAT, "the interpreter lacks its tensor '%s'", name);
  const aus_tensor_info *t = &it->bundle->tensor[i];
  if (t->rank != 2 || t->dim[0] != rows || t->dim[1] != columns)
    return aus_fail(it->ctx, AUS_EFORMAT, "the interpreter's %s is %lld x %lld; wanted are %lld %s by %lld atoms", name, (long long)t->dim[0], t->rank > 1 ? (long long)t->dim[1] : 0LL,
                    (long long)rows, rows_are, (long long)columns);
  *out = aus_bundle_tensor_f32(it->bundle, i);
  for (int64_t k = 0; k < rows * columns; k++)
    if (!isfinite((*out)[k])) return aus_fail(it->ctx, AUS_EFORMAT, "the interpreter's %s holds a number that is not finite", name);
  return AUS_OK;
}

static aus_status make_run(aus_interpreter *it)
{
  aus_dims dims[AUS_L2I_TAPS], d;
  const aus_l2i_spec *s = &it->spec;
  if (aus_graph_inputs(it->bundle) != s->n_taps || aus_graph_outputs(it->bundle) < 3) return aus_fail(it->ctx, AUS_EFORMAT, "the interpreter's graph has not the layers it names");
  for (int32_t i = 0; i < s->n_taps; i++) dims[i] = aus_l2i_tap_dims(&s->tap[i], 1);
  AUS_TRY(aus_run_create(it->ctx, it->bundle, dims, NULL, 0, &it->run));
  const int64_t want[3] = { s->classes, s->atoms, s->atoms * s->frames };
  for (int32_t i = 0; i < 3; i++) {
    aus_run_output(it->run, i, &d);
    if (aus_shape_count(&d) != want[i]) return aus_fail(it->ctx, AUS_EFORMAT, "output %d of the interpreter's graph has not the size that its dictionary asks for", (int)i);
  }
  return AUS_OK;
}

static void fill_info(aus_interpreter *it)
{
  const aus_bundle *b = it->bundle;
  for (int32_t i = 0; i < it->spec.n_taps; i++) it->tap[i] = it->spec.tap[i].name;
  it->info = (aus_interpreter_info){ .name = aus_meta_string(b, "name", "interpreter"), .licence = aus_meta_string(b, "licence", ""), .source = aus_meta_string(b, "source", ""),
                                     .sha256 = aus_bundle_sha256(b), .classifier = aus_meta_string(b, "l2i.classifier", ""),
                                     .classifier_sha256 = aus_meta_string(b, "l2i.classifier_sha256", ""), .atoms = it->spec.atoms, .targets = it->spec.classes,
                                     .bins = it->spec.bins, .n_taps = it->spec.n_taps, .taps = it->tap, .pooling = it->spec.max_pooling ? "max" : "attention",
                                     .frames = it->spec.frames, .dictionary = it->w, .theta = it->theta };
}

static aus_status build(aus_interpreter *it)
{
  AUS_TRY(aus_model_inside(it->model, &it->in));
  AUS_TRY(aus_l2i_read_spec(it->bundle, &it->spec));
  if (it->spec.method == AUS_L2I_VIBI || it->spec.method == AUS_L2I_LMAC)
    return aus_fail(it->ctx, AUS_EINVAL, "this file holds a mask without a dictionary (%s): it has no atoms to listen to", kinds[it->spec.method]);
  if (it->spec.method == AUS_L2I_FLINT) return aus_fail(it->ctx, AUS_EINVAL, "this file holds attributes without a dictionary (FLINT): it answers, but there is nothing to listen to");
  AUS_TRY(aus_l2i_spectrum_open(it->in.fe, (int32_t)aus_meta_integer(it->bundle, "l2i.n_fft", 1024), (int32_t)aus_meta_integer(it->bundle, "l2i.hop", 512), &it->spectrum));
  AUS_TRY(aus_l2i_check(it->ctx, it->bundle, &it->in, &it->spec));
  if (it->spec.bins != it->spectrum.bins || it->spec.frames != aus_l2i_patch_frames(&it->spectrum))
    return aus_fail(it->ctx, AUS_EINVAL, "the interpreter's dictionary is for %d bins and %lld frames, the classifier's spectrogram has %d and %lld", (int)it->spec.bins,
                    (long long)it->spec.frames, (int)it->spectrum.bins, (long long)aus_l2i_patch_frames(&it->spectrum));
  AUS_TRY(tensor(it, "dictionary", it->spec.bins, it->spec.atoms, "bins", &it->w));
  AUS_TRY(tensor(it, "theta.weight", it->spec.classes, it->spec.atoms, "targets", &it->theta));
  AUS_TRY(make_run(it));
  AUS_TRY(aus_l2i_ear_open(it->ctx, &it->in, &it->spec, &it->ear));
  it->scratch = aus_alloc(it->ctx, (size_t)aus_frontend_floats(it->in.fe, it->in.fe->patch), sizeof *it->scratch);
  if (!it->scratch) return AUS_ENOMEM;
  fill_info(it);
  return AUS_OK;
}

/* Takes the bundle, also when it fails. */
static aus_status open_bundle(aus_ctx *ctx, aus_bundle *bundle, aus_model *model, aus_interpreter **out)
{
  aus_interpreter *it = AUS_NEW(ctx, aus_interpreter);
  if (!it) { aus_bundle_close(bundle); return AUS_ENOMEM; }
  *it = (aus_interpreter){ .ctx = ctx, .model = model, .bundle = bundle };
  const aus_status status = build(it);
  if (status != AUS_OK) { aus_interpreter_close(it); return status; }
  *out = it;
  return AUS_OK;
}

aus_status aus_interpreter_open(aus_ctx *ctx, const char *path, aus_model *model, aus_interpreter **out)
{
  aus_bundle *bundle;
  *out = NULL;
  AUS_TRY(aus_bundle_open(ctx, path, &bundle));
  return open_bundle(ctx, bundle, model, out);
}

aus_status aus_interpreter_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_model *model, aus_interpreter **out)
{
  aus_bundle *bundle;
  *out = NULL;
  AUS_TRY(aus_bundle_open_memory(ctx, bytes, size, &bundle));
  return open_bundle(ctx, bundle, model, out);
}

void aus_interpreter_close(aus_interpreter *it)
{
  if (!it) return;
  aus_run_destroy(it->run);
  aus_run_destroy(it->ear.run);
  if (it->spectrum.fe) aus_l2i_spectrum_close(&it->spectrum);
  aus_free(it->ctx, it->scratch);
  aus_bundle_close(it->bundle);
  aus_free(it->ctx, it);
}

const aus_interpreter_info *aus_interpreter_describe(const aus_interpreter *it) { return &it->info; }
