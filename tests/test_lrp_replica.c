/* test_lrp_replica.c - every rule on every kind of linear layer against an explicit matrix z_ij in double, as zennit tests
 * its rules: slow, written from the formulas, sharing nothing with src/attrib.
 *
 * Networks of random weights run; at each linear node the test takes the inputs and the relevance that came, writes the layer
 * (batch norm and biases beside it folded in) as a dense matrix, and works the rule out term by term. */
#include "lrp_test.h"

enum { MOST = 1024 };

/* ---- a layer as a dense matrix -------------------------------------------------------------------------------------- */

typedef struct norm { float gamma[8], beta[8], mean[8], var[8]; int c; } norm;
typedef struct layer {
  const char *name;
  int32_t op;
  int ic, ih, iw, oc, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups;
  float w[MOST], b[16];
  bool has_bias;
  const norm *before, *behind;
  int flattened;             /* inputs per channel of `before` */
} layer;

typedef struct dense { int in, out; double *m, *b; char *tap; } dense;

static double scale_of(const norm *n, int c) { return (double)n->gamma[c] / sqrt((double)n->var[c] + 1e-3); }
static double shift_of(const norm *n, int c) { return (double)n->beta[c] - (double)n->mean[c] * scale_of(n, c); }

/* Weight between input (c, y, x) and output (o, v, u); false: they are not connected. */
static bool weight(const layer *l, int c, int y, int x, int o, int v, int u, double *w)
{
  if (l->op == AUS_OP_linear) { *w = (double)l->w[o * l->ic + c]; return true; }
  const int icg = l->ic / l->groups, ocg = l->oc / l->groups;
  if (c / icg != o / ocg) return false;
  const bool back = l->op == AUS_OP_conv_transpose;
  const int ky = back ? v + l->ph - y * l->sh : y + l->ph - v * l->sh, kx = back ? u + l->pw - x * l->sw : x + l->pw - u * l->sw;
  if (ky < 0 || kx < 0 || ky % l->dh || kx % l->dw || ky / l->dh >= l->kh || kx / l->dw >= l->kw) return false;
  const int tap = ky / l->dh * l->kw + kx / l->dw;
  *w = (double)(back ? l->w[(c * ocg + o % ocg) * l->kh * l->kw + tap] : l->w[(o * icg + c % icg) * l->kh * l->kw + tap]);
  return true;
}

static dense dense_of(const layer *l)
{
  dense d = { l->ic * l->ih * l->iw, l->oc * l->oh * l->ow, NULL, NULL, NULL };
  d.m = calloc((size_t)d.in * (size_t)d.out, sizeof *d.m);
  d.tap = calloc((size_t)d.in * (size_t)d.out, 1);
  d.b = calloc((size_t)d.out, sizeof *d.b);
  for (int j = 0; j < d.out; j++) {
    const int o = j / (l->oh * l->ow), v = j / l->ow % l->oh, u = j % l->ow;
    d.b[j] = l->has_bias ? (double)l->b[o] : 0;
    for (int i = 0; i < d.in; i++) {
      const int c = i / (l->ih * l->iw), y = i / l->iw % l->ih, x = i % l->iw, n = l->flattened ? c / l->flattened : c;
      double w;
      if (!weight(l, c, y, x, o, v, u, &w)) continue;
      d.tap[j * d.in + i] = 1;
      if (l->before) { d.b[j] += w * shift_of(l->before, n); w *= scale_of(l->before, n); }
      if (l->behind) w *= scale_of(l->behind, o);
      d.m[j * d.in + i] = w;
    }
    if (l->behind) d.b[j] = d.b[j] * scale_of(l->behind, o) + shift_of(l->behind, o);
  }
  return d;
}

static void dense_free(dense *d) { free(d->m); free(d->b); free(d->tap); }

/* ---- rules, term by term ----------------------------------------------------------------------------------------------- */

static double pos(double v) { return v > 0 ? v : 0; }
static double neg(double v) { return v < 0 ? v : 0; }

typedef struct unit { double top[MOST], bias; } unit; /* numerators of one output unit, bias of its denominator */

/* Numerators of branch `which` (0, 1) at unit j. y: its plain output. */
static bool numerators(const aus_lrp_spec *s, const dense *d, const float *x, int j, int which, double y, unit *u, double *weight_of)
{
  const double g = s->p[0], b = d->b[j];
  *weight_of = 1;
  u->bias = s->no_bias ? 0 : b;
  if (which && s->kind != AUS_LRP_ALPHABETA) return false;
  for (int i = 0; i < d->in; i++) {
    const double xi = x[i], w = d->m[j * d->in + i], same = pos(xi) * pos(w) + neg(xi) * neg(w), other = pos(xi) * neg(w) + neg(xi) * pos(w);
    double *t = &u->top[i];
    switch (s->kind) {
    case AUS_LRP_GAMMA: *t = y > 0 ? pos(xi) * (w + g * pos(w)) + neg(xi) * (w + g * neg(w)) : pos(xi) * (w + g * neg(w)) + neg(xi) * (w + g * pos(w)); break;
    case AUS_LRP_GAMMA_CLASSIC: *t = xi * (w + g * pos(w)); break;
    case AUS_LRP_ZPLUS: *t = same; break;
    case AUS_LRP_WPLUS: *t = xi * pos(w); break;
    case AUS_LRP_ALPHABETA: *t = which ? other : same; break;
    case AUS_LRP_WSQUARE: *t = w * w; break;
    case AUS_LRP_FLAT: *t = d->tap[j * d->in + i]; break;
    case AUS_LRP_BOX: *t = d->tap[j * d->in + i] ? xi * w - s->p[0] * pos(w) - s->p[1] * neg(w) : 0; break;
    default: *t = xi * w;
    }
  }
  switch (s->kind) {
  case AUS_LRP_GAMMA: u->bias = s->no_bias ? 0 : s->plain_bias ? b : b + g * (y > 0 ? pos(b) : neg(b)); break;
  case AUS_LRP_GAMMA_CLASSIC: u->bias = s->no_bias ? 0 : s->plain_bias ? b : b + g * pos(b); break;
  case AUS_LRP_ZPLUS: case AUS_LRP_WPLUS: u->bias = s->no_bias ? 0 : s->plain_bias ? b : pos(b); break;
  case AUS_LRP_ALPHABETA:
    u->bias = s->no_bias ? 0 : s->plain_bias ? b : which ? neg(b) : pos(b);
    *weight_of = which ? -s->p[1] : s->p[0];
    break;
  case AUS_LRP_WSQUARE: u->bias = s->no_bias ? 0 : b * b; break;
  case AUS_LRP_FLAT: case AUS_LRP_BOX: u->bias = 0; break;
  default: break;
  }
  return true;
}

static double stabilised(const aus_lrp_spec *s, double eps, double z)
{
  if (s->stab == AUS_LRP_UNSIGNED) return z + eps;
  if (s->stab == AUS_LRP_CLIP) return (z < 0 ? -1 : 1) * fmax(fabs(z), eps);
  return z + (z < 0 ? -eps : eps);
}

static double total(const unit *u, int n)
{
  double z = u->bias;
  for (int i = 0; i < n; i++) z += u->top[i];
  return z;
}

/* Relevance of one item. size[i]: sum of the absolute contributions, what rounding is measured by. */
static void replica(const aus_lrp_spec *s, const dense *d, const float *x, const float *r, double *out, double *size)
{
  static unit u;
  double weight_of;
  for (int i = 0; i < d->in; i++) out[i] = size[i] = 0;
  for (int which = 0; which < 2; which++) {
    double eps = s->eps, square = 0;
    for (int j = 0; j < d->out && s->norm_scale; j++) {
      double y = d->b[j];
      for (int i = 0; i < d->in; i++) y += (double)x[i] * d->m[j * d->in + i];
      if (numerators(s, d, x, j, which, y, &u, &weight_of)) square += total(&u, d->in) * total(&u, d->in);
    }
    if (s->norm_scale) eps *= sqrt(square / d->out);
    for (int j = 0; j < d->out; j++) {
      double y = d->b[j];
      int taps = 0;
      for (int i = 0; i < d->in; i++) { y += (double)x[i] * d->m[j * d->in + i]; taps += d->tap[j * d->in + i]; }
      if (!numerators(s, d, x, j, which, y, &u, &weight_of)) continue;
      const double z = total(&u, d->in), below = stabilised(s, eps, z);
      if (below == 0) continue;
      for (int i = 0; i < d->in; i++) {
        double top = u.top[i];
        if (s->bias_factor > 0 && d->tap[j * d->in + i]) top += s->bias_factor * (u.bias + below - z) / taps;
        out[i] += weight_of * top / below * (double)r[j];
        size[i] += fabs(weight_of * top / below * (double)r[j]);
      }
    }
  }
}

/* ---- networks ------------------------------------------------------------------------------------------------------------ */

typedef struct plan { layer layer[8]; int n; norm norm[4]; aus_rng rng; lrp_net *net; } plan;

static float draw(plan *p) { return (float)aus_rng_normal(&p->rng); }

static norm *new_norm(plan *p, int which, int c)
{
  norm *n = &p->norm[which];
  n->c = c;
  for (int i = 0; i < c; i++) {
    n->gamma[i] = draw(p);
    n->beta[i] = 0.3f * draw(p);
    n->mean[i] = 0.3f * draw(p);
    n->var[i] = 0.5f + fabsf(draw(p));
  }
  return n;
}

static int32_t put_norm(plan *p, const char *name, int32_t x, const norm *n)
{
  char text[4][32];
  const float *data[4] = { n->gamma, n->beta, n->mean, n->var };
  int32_t ids[5] = { x };
  for (int k = 0; k < 4; k++) {
    snprintf(text[k], sizeof text[k], "%s.%d", name, k);
    ids[k + 1] = lrp_param(p->net, text[k], 1, IDS(n->c), data[k]);
  }
  return lrp_op(p->net, AUS_OP_batch_norm, name, 5, ids, 1, WORDS({ .f = 1e-3f }));
}

static int32_t put(plan *p, layer l, int32_t x)
{
  layer *to = &p->layer[p->n++];
  const bool linear = l.op == AUS_OP_linear, back = l.op == AUS_OP_conv_transpose, flat = l.ih == 1 && l.kh == 0;
  char w[32], b[32];
  if (linear) l.ih = l.iw = l.oh = l.ow = l.kh = l.kw = 1;
  if (flat && !linear) l.kh = 1;
  *to = l;
  const int icg = l.ic / l.groups, ocg = l.oc / l.groups, n = linear ? l.ic * l.oc : back ? l.ic * ocg * l.kh * l.kw : l.oc * icg * l.kh * l.kw;
  for (int i = 0; i < n; i++) to->w[i] = draw(p) / sqrtf((float)(icg * l.kh * l.kw));
  for (int i = 0; i < l.oc; i++) to->b[i] = 0.3f * draw(p);
  snprintf(w, sizeof w, "%s.w", l.name);
  snprintf(b, sizeof b, "%s.b", l.name);
  const int32_t a = back ? l.ic : l.oc, c = back ? ocg : icg, two[2] = { l.oc, l.ic }, four[4] = { a, c, l.kh, l.kw }, three[3] = { a, c, l.kw };
  const int32_t ids[3] = { x, lrp_param(p->net, w, linear ? 2 : flat ? 3 : 4, linear ? two : flat ? three : four, to->w), l.has_bias ? lrp_param(p->net, b, 1, IDS(l.oc), to->b) : 0 };
  const aus_word attr[11] = { { .i = l.sh }, { .i = l.sw }, { .i = l.dh }, { .i = l.dw }, { .i = l.ph }, { .i = l.pw }, { .i = l.ph }, { .i = l.pw }, { .i = l.groups } };
  return lrp_op(p->net, l.op, l.name, l.has_bias ? 3 : 2, ids, linear ? 0 : back ? 11 : 9, attr);
}

static int32_t flatten(plan *p, const char *name, int32_t x) { return lrp_op(p->net, AUS_OP_reshape, name, 1, &x, 2, WORDS({ .i = 0 }, { .i = -1 })); }

/* conv, batch norm, ReLU, pool; grouped and dilated conv, residual, batch norm before a conv; flatten, linear. */
static void picture_net(plan *p)
{
  const aus_word pool[11] = { { .i = 2 }, { .i = 2 }, { .i = 2 }, { .i = 2 } }, mean[10] = { { .i = 2 }, { .i = 1 }, { .i = 1 }, { .i = 1 } };
  const int32_t x = lrp_input(p->net, "x", 4, IDS(-1, 2, 8, 9));
  int32_t v = put(p, (layer){ .name = "c1", .op = AUS_OP_conv, .ic = 2, .ih = 8, .iw = 9, .oc = 4, .oh = 8, .ow = 9, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1, .dw = 1, .groups = 1,
                              .has_bias = true, .behind = new_norm(p, 0, 4) }, x);
  v = lrp_op(p->net, AUS_OP_max_pool, "p1", 1, IDS(lrp_relu(p->net, "r1", put_norm(p, "n1", v, &p->norm[0]))), 11, pool);
  const int32_t skip = v; /* [4, 4, 4] */
  v = put(p, (layer){ .name = "c2", .op = AUS_OP_conv, .ic = 4, .ih = 4, .iw = 4, .oc = 4, .oh = 4, .ow = 4, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 2, .pw = 2, .dh = 2, .dw = 2, .groups = 2 }, v);
  v = lrp_op(p->net, AUS_OP_add, "sum", 2, IDS(lrp_relu(p->net, "r2", v), skip), 0, NULL);
  v = put_norm(p, "n2", v, new_norm(p, 1, 4));
  v = put(p, (layer){ .name = "c3", .op = AUS_OP_conv, .ic = 4, .ih = 4, .iw = 4, .oc = 3, .oh = 2, .ow = 3, .kh = 2, .kw = 2, .sh = 2, .sw = 1, .dh = 1, .dw = 1, .groups = 1, .has_bias = true, .before = &p->norm[1] }, v);
  v = lrp_op(p->net, AUS_OP_avg_pool, "p2", 1, &v, 10, mean); /* [3, 1, 3] */
  v = put_norm(p, "n3", lrp_relu(p->net, "r3", v), new_norm(p, 2, 3));
  v = put(p, (layer){ .name = "f1", .op = AUS_OP_linear, .ic = 9, .oc = 6, .groups = 1, .has_bias = true, .before = &p->norm[2], .flattened = 3 }, flatten(p, "flat", v));
  v = put(p, (layer){ .name = "f2", .op = AUS_OP_linear, .ic = 6, .oc = 3, .groups = 1, .has_bias = true, .behind = new_norm(p, 3, 3) }, lrp_relu(p->net, "r4", v));
  lrp_net_end(p->net, put_norm(p, "n4", v, &p->norm[3]));
}

/* over time, with transposed convolutions of one and two dimensions */
static void wave_net(plan *p)
{
  const int32_t x = lrp_input(p->net, "x", 3, IDS(-1, 1, 18));
  int32_t v = put(p, (layer){ .name = "c1", .op = AUS_OP_conv, .ic = 1, .ih = 1, .iw = 18, .oc = 4, .oh = 1, .ow = 9, .kw = 4, .sh = 1, .sw = 2, .pw = 1, .dh = 1, .dw = 1, .groups = 1, .has_bias = true }, x);
  v = put(p, (layer){ .name = "t1", .op = AUS_OP_conv_transpose, .ic = 4, .ih = 1, .iw = 9, .oc = 4, .oh = 1, .ow = 17, .kw = 3, .sh = 1, .sw = 2, .pw = 1, .dh = 1, .dw = 1, .groups = 2, .has_bias = true,
                      .behind = new_norm(p, 0, 4) }, lrp_op(p->net, AUS_OP_elu, "e1", 1, &v, 1, WORDS({ .f = 1 })));
  v = lrp_op(p->net, AUS_OP_tanh, "a1", 1, IDS(put_norm(p, "n1", v, &p->norm[0])), 0, NULL);
  v = lrp_op(p->net, AUS_OP_slice, "cut", 1, &v, 9, WORDS({ .i = 0 }, { .i = INT32_MAX }, { .i = 1 }, { .i = 0 }, { .i = INT32_MAX }, { .i = 1 }, { .i = 1 }, { .i = INT32_MAX }, { .i = 1 })); /* [4, 16] */
  v = lrp_op(p->net, AUS_OP_reshape, "square", 1, &v, 4, WORDS({ .i = 0 }, { .i = 4 }, { .i = 4 }, { .i = 4 }));
  v = put(p, (layer){ .name = "t2", .op = AUS_OP_conv_transpose, .ic = 4, .ih = 4, .iw = 4, .oc = 2, .oh = 5, .ow = 8, .kh = 2, .kw = 2, .sh = 1, .sw = 2, .dh = 1, .dw = 1, .groups = 1 }, v);
  lrp_net_end(p->net, put(p, (layer){ .name = "f1", .op = AUS_OP_linear, .ic = 80, .oc = 3, .groups = 1 }, flatten(p, "flat", lrp_relu(p->net, "r2", v))));
}

/* ---- comparing ------------------------------------------------------------------------------------------------------------ */

static struct { plan *p; void (*observe)(void *user, const aus_visit *visit); int compared; double worst; } watch;

static const layer *layer_of(const char *name)
{
  for (int i = 0; i < watch.p->n; i++) if (strcmp(watch.p->layer[i].name, name) == 0) return &watch.p->layer[i];
  return NULL;
}

static void compare(void *user, const aus_visit *v)
{
  static double want[MOST], size[MOST];
  const layer *l = layer_of(v->name);
  watch.observe(user, v);
  if (!l) return;
  const aus_lrp_node *n = &((aus_lrp *)user)->node[v->step - v->run->step];
  const float *x = l->before ? n->head->call.in[0].data : v->call->in[0].data;
  dense d = dense_of(l);
  for (int64_t item = 0; item < v->call->in[0].shape.dim[0]; item++) {
    double most = 0;
    replica(&n->spec, &d, x + item * d.in, v->diff_dst[0] + item * d.out, want, size);
    for (int i = 0; i < d.in; i++) most = fmax(most, size[i]);
    for (int i = 0; i < d.in; i++) {
      const double got = v->diff_src[0][item * d.in + i], off = fabs(got - want[i]) / fmax(most, 1e-30);
      if (!(off <= 1e-5)) fail_msg("%s, %s: relevance %d of item %d is %.9g, not %.9g (contributions of %.3g)", l->name, n->entry.rule, i, (int)item, got, want[i], most);
      watch.worst = fmax(watch.worst, off);
    }
  }
  watch.compared++;
  dense_free(&d);
}

static const char *const rules[] = {
  "all = epsilon 0.01", "all = lrp0", "all = gamma 0.3", "all = gamma_classic 0.3", "all = zplus", "all = alphabeta 2 1", "all = alphabeta 1 0", "all = wsquare", "all = flat", "all = box -3 3",
  "all = epsilon 0.01 stab=unsigned", "all = epsilon 0.05 stab=clip", "all = epsilon 0.05 norm_scale=yes", "all = epsilon 0.01 zero_params=bias", "all = epsilon 0.01 bias_factor=1",
  "all = epsilon 0.01 bias_factor=0.5", "all = gamma 0.3 bias=plain", "all = gamma_classic 0.3 bias=plain", "all = alphabeta 2 1 zero_params=bias", "all = wsquare zero_params=bias",
  "all = alphabeta 2 1 norm_scale=yes eps=0.01", "all = gamma 0.3 zero_params=bias", "all = wplus eps=0.01", "all = wplus eps=0.01 bias=plain",
  "all = alphabeta 2 1 bias=plain eps=0.01", "all = zplus bias=plain eps=0.01",
};

enum { N_RULES = sizeof rules / sizeof *rules };

/* Relevance of the input for rule r; the replica at each node when p is watched. */
static const float *explain(plan *p, const char *text, const float *x, bool watched)
{
  const int32_t target[3] = { 0, 1, 2 };
  lrp_net *n = p->net;
  lrp_net_prepare(n, &(aus_lrp_config){ .rules = text }, &x);
  if (watched) {
    aus_walk_config walk = { 0 };
    aus_lrp_use(n->lrp, &walk);
    watch.p = p;
    watch.observe = walk.observe;
    walk.observe = compare;
    aus_walk_destroy(n->walk);
    assert_ok(n->ctx, aus_walk_create(n->ctx, n->run, &walk, &n->walk));
  }
  assert_ok(n->ctx, aus_lrp_seed(n->lrp, n->walk, AUS_LRP_LOGIT, target, NULL));
  assert_ok(n->ctx, aus_walk_run(n->walk));
  return aus_walk_diff(n->walk, 0, 0, NULL);
}

static void on_net(void (*make)(plan *p), const aus_dims *dims, int layers)
{
  const int64_t count = aus_shape_count(dims);
  float *x = calloc((size_t)count, sizeof *x), *first = calloc((size_t)count * N_RULES, sizeof *first);
  for (int threads = 1; threads <= 3; threads++) {
    lrp_net n = lrp_net_begin(threads);
    plan *p = calloc(1, sizeof *p);
    p->net = &n;
    aus_rng_init(&p->rng, 7, 1);
    make(p);
    lrp_net_run(&n, dims);
    aus_rng_init(&p->rng, 7, 2);
    for (int64_t i = 0; i < count; i++) x[i] = draw(p);
    for (int r = 0; r < N_RULES; r++) {
      watch.compared = 0;
      const float *got = explain(p, rules[r], x, threads == 1);
      assert_balanced(&n, 1e-5);
      if (threads == 1) {
        assert_int_equal(watch.compared, layers);
        memcpy(first + r * count, got, (size_t)count * sizeof *got);
      } else {
        assert_memory_equal(got, first + r * count, (size_t)count * sizeof *got);
      }
    }
    lrp_net_free(&n);
    free(p);
  }
  free(first);
  free(x);
  print_message("worst: %.2g of the largest contribution\n", watch.worst);
}

static void pictures(void **state)
{
  (void)state;
  on_net(picture_net, &(aus_dims){ 4, { 3, 2, 8, 9 } }, 5);
}

static void waves(void **state)
{
  (void)state;
  on_net(wave_net, &(aus_dims){ 3, { 3, 1, 18 } }, 4);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(pictures), cmocka_unit_test(waves) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
