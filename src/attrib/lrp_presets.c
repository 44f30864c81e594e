/* lrp_presets.c - rules under the name of the library whose numbers they give (docs/lrp.md has the table).
 *
 * Each pins the rule, its epsilon, what becomes of the bias, ties of a maximum, batch norm and the first layer. What a
 * preset leaves out is the default of the op (lrp_fit.c). */
#include <string.h>

#include "attrib/lrp.h"

/* zennit 0.5: activations pass, sums and averages are Norm, a maximum goes to its winner, batch norm merged or passed. */
#define ZENNIT_BASE "add = norm 1e-6\naverage = norm 1e-6\nmax_pool = winner\nbatch_norm = fold rest=pass\nactivation = pass\n"
/* iNNvestigate: alpha-beta with the whole bias in both denominators (its positive and its negative layer both carry one); division where a denominator of 0 gives 0; batch norm (x (y - beta)) / ((x - mu) y) is norm of its affine map. */
#define INNVESTIGATE_BASE "add = norm 0 stab=safe\naverage = norm 0 stab=safe\nmax_pool = winner\nbatch_norm = norm 0 stab=safe\n"
/* LRP toolbox: ties of a maximum share; a stabiliser of 1e-16 where a rule has none. */
#define TOOLBOX_BASE "add = norm 1e-16\naverage = norm 1e-16\nmax_pool = split\nbatch_norm = fold 1e-16\n"
#define CAPTUM_BASE "add = norm 1e-9\naverage = norm 1e-9\nmax_pool = winner\nbatch_norm = norm 1e-9\n"
#define ARRAS_BASE "all = epsilon 1e-3\nadd = norm 1e-3\naverage = norm 1e-3\nbatch_norm = fold 1e-3\n"
/* lxt: + eps without sign, 1e-6 in linear layers, 1e-8 in products and sums. */
#define LXT_BASE                                                                                                                 \
  "all = epsilon 1e-6 stab=unsigned\nadd = norm 1e-8 stab=unsigned\naverage = norm 1e-6 stab=unsigned\nactivation = pass\n"       \
  "norm = detach 1e-6 stab=unsigned\nbatch_norm = fold 1e-6 stab=unsigned\ndiv = signal\n"

typedef struct named { const char *name, *text; } named;

static const named presets[] = {
  { "lrp0", "all = lrp0\nadd = norm 0 stab=safe\naverage = norm 0 stab=safe\nbatch_norm = fold 0 stab=safe\n" },
  { "epsilon", "all = epsilon 1e-6\n" },
  { "gamma", "all = gamma 0.25\n" },
  { "zplus", "all = zplus\n" },
  { "alpha1beta0", "all = alphabeta 1 0\n" },
  { "alpha2beta1", "all = alphabeta 2 1\n" },
  { "wsquare", "all = wsquare\n" },
  { "flat", "all = flat\n" },
  { "zennit:EpsilonPlus", ZENNIT_BASE "conv = zplus\nlinear = epsilon 1e-6\n" },
  { "zennit:EpsilonPlusFlat", ZENNIT_BASE "first = flat\nconv = zplus\nlinear = epsilon 1e-6\n" },
  { "zennit:EpsilonAlpha2Beta1", ZENNIT_BASE "conv = alphabeta 2 1\nlinear = epsilon 1e-6\n" },
  { "zennit:EpsilonAlpha2Beta1Flat", ZENNIT_BASE "first = flat\nconv = alphabeta 2 1\nlinear = epsilon 1e-6\n" },
  { "zennit:EpsilonGammaBox", ZENNIT_BASE "first_conv = box -1 1\nconv = gamma 0.25\nlinear = epsilon 1e-6\n" },
  { "zennit:ExcitationBackprop", ZENNIT_BASE "conv = zplus\nlinear = zplus\n" },
  { "innvestigate:z", INNVESTIGATE_BASE "all = lrp0\n" },
  { "innvestigate:epsilon", INNVESTIGATE_BASE "all = epsilon 1e-7\n" },
  { "innvestigate:presetA", INNVESTIGATE_BASE "conv = alphabeta 1 0 eps=0 stab=safe bias=plain\nlinear = epsilon 0.1\n" },
  { "innvestigate:presetB", INNVESTIGATE_BASE "conv = alphabeta 2 1 eps=0 stab=safe bias=plain\nlinear = epsilon 0.1\n" },
  { "innvestigate:presetAFlat", INNVESTIGATE_BASE "first = flat eps=0 stab=safe\nconv = alphabeta 1 0 eps=0 stab=safe bias=plain\nlinear = epsilon 0.1\n" },
  { "innvestigate:presetBFlat", INNVESTIGATE_BASE "first = flat eps=0 stab=safe\nconv = alphabeta 2 1 eps=0 stab=safe bias=plain\nlinear = epsilon 0.1\n" },
  { "toolbox:simple", TOOLBOX_BASE "all = epsilon 1e-16\n" },
  { "toolbox:epsilon", TOOLBOX_BASE "all = epsilon 0.01\n" },
  { "toolbox:alpha2beta-1", TOOLBOX_BASE "all = alphabeta 2 1 eps=1e-16\n" },
  { "toolbox:alpha1beta0", TOOLBOX_BASE "all = alphabeta 1 0 eps=1e-16\n" },
  { "captum:epsilon1e-9", CAPTUM_BASE "all = epsilon 1e-9\n" },
  { "captum:gamma", CAPTUM_BASE "all = gamma_classic 0.25 eps=1e-9 bias=plain\n" },
  { "captum:alpha1beta0", CAPTUM_BASE "all = wplus eps=1e-9 bias=plain\n" },
  { "arras:lstm-eps1e-3", ARRAS_BASE "recurrent = signal 1e-3\n" },
  { "arras:lstm-prop", ARRAS_BASE "recurrent = prop 1e-3\n" },
  { "arras:lstm-half", ARRAS_BASE "recurrent = half 1e-3\n" },
  { "attnlrp", LXT_BASE "matmul = half 1e-8 stab=unsigned\nmul = half 1e-8 stab=unsigned\nsoftmax = taylor\nattention = attnlrp 1e-8\n" },
  { "cplrp", LXT_BASE "matmul = signal 1e-8 stab=unsigned\nmul = signal 1e-8 stab=unsigned\nsoftmax = stop\nattention = cplrp 1e-8\n" },
};

enum { N_PRESETS = sizeof presets / sizeof *presets };

int32_t aus_lrp_n_presets(void) { return N_PRESETS; }
const char *aus_lrp_preset_name(int32_t i) { return i < 0 || i >= N_PRESETS ? NULL : presets[i].name; }

const char *aus_lrp_preset_text(const char *name)
{
  for (int i = 0; i < N_PRESETS; i++) if (strcmp(presets[i].name, name) == 0) return presets[i].text;
  return NULL;
}

static aus_status refuse(aus_ctx *ctx, const char *what)
{
  char list[200] = "";
  size_t n = 0;
  for (int i = 0; i < N_PRESETS && n + strlen(presets[i].name) + 6 < sizeof list; i++) {
    const size_t more = strlen(presets[i].name);
    memcpy(list + n, presets[i].name, more);
    memcpy(list + n + more, " ", 2);
    n += more + 1;
  }
  return aus_fail(ctx, AUS_EINVAL, "'%.40s' is no preset and no file; presets: %s...", what, list);
}

aus_status aus_lrp_rules_text(aus_ctx *ctx, const char *what, char **text)
{
  void *data;
  size_t size;
  *text = NULL;
  const char *preset = aus_lrp_preset_text(what);
  if (preset || strchr(what, '=')) return (*text = aus_strdup(ctx, preset ? preset : what)) ? AUS_OK : AUS_ENOMEM;
  const aus_status status = aus_file_read(ctx, what, 1 << 20, &data, &size);
  if (status == AUS_EIO) return refuse(ctx, what);
  AUS_TRY(status);
  if (memchr(data, 0, size)) {
    aus_free(ctx, data);
    return aus_fail(ctx, AUS_EINVAL, "%.100s is not a text file: rules are lines KEY = RULE", what);
  }
  *text = aus_alloc(ctx, size + 1, 1);
  if (*text) { memcpy(*text, data, size); (*text)[size] = 0; }
  aus_free(ctx, data);
  return *text ? AUS_OK : AUS_ENOMEM;
}
