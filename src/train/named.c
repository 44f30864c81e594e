/* named.c - networks of the literature as recipes of layers, for `net NAME`.
 *
 *   audionet, alexnet-audiomnist   [Becker18]: digits from 8000 samples, or from a spectrogram of about 227 x 227. pad=1 keeps the
 *                                  lengths of the paper; their fully connected layers have no ReLU (audionet) or one (alexnet)
 *   vgg16_bn                       torchvision's [Simonyan15]: 134 million parameters with two classes
 *   ova, cerberus                  [Manilow20]: bodies of separators, to which [separator] adds the heads
 *   unet                           [Hennequin20]'s, a network per stem (layer_unet.c); for a [separator]
 *   musicnn                        [Pons19]'s idea, small: vertical and horizontal filters side by side over [time, mel] */
#include "train/layer.h"

#include <string.h>

#define AUDIONET_BLOCK(oc) "conv " oc " 3 pad=1 init=gaussian:0.1\nrelu\nmaxpool 2\n"
static const char audionet[] =
  "conv 100 3 pad=1 init=gaussian:0.1\nrelu\nmaxpool 3 stride=2 ceil=yes\n"
  AUDIONET_BLOCK("64") AUDIONET_BLOCK("128") AUDIONET_BLOCK("128") AUDIONET_BLOCK("128") AUDIONET_BLOCK("128")
  "flatten\nlinear 1024 init=gaussian:0.1\ndropout 0.5\nlinear 512 init=gaussian:0.1\ndropout 0.5\nlinear classes init=gaussian:0.1\n";

static const char alexnet[] =
  "conv 96 11 stride=4 init=gaussian:0.01\nrelu\nmaxpool 3 stride=2\n"
  "conv 256 5 pad=2 groups=2 init=gaussian:0.01 bias_init=0.1\nrelu\nmaxpool 3 stride=2\n"
  "conv 384 3 pad=1 init=gaussian:0.01\nrelu\n"
  "conv 384 3 pad=1 groups=2 init=gaussian:0.01 bias_init=0.1\nrelu\n"
  "conv 256 3 pad=1 groups=2 init=gaussian:0.01 bias_init=0.1\nrelu\nmaxpool 3 stride=2\n"
  "flatten\nlinear 1024 init=gaussian:0.005 bias_init=0.1\nrelu\ndropout 0.5\n"
  "linear 1024 init=gaussian:0.005 bias_init=0.1\nrelu\ndropout 0.5\nlinear classes init=gaussian:0.01\n";

#define VGG(oc) "conv " oc " 3 pad=1\nbn\nrelu\n"
static const char vgg16_bn[] =
  "init kaiming_normal_out\n" VGG("64") VGG("64") "maxpool 2\n" VGG("128") VGG("128") "maxpool 2\n" VGG("256") VGG("256") VGG("256") "maxpool 2\n"
  VGG("512") VGG("512") VGG("512") "maxpool 2\n" VGG("512") VGG("512") VGG("512") "maxpool 2\n"
  "adaptive_avgpool 7\nflatten\ninit gaussian:0.01\nlinear 4096\nrelu\ndropout 0.5\nlinear 4096\nrelu\ndropout 0.5\nlinear classes\n";

/* [mb, 1, time, mel]: each branch ends in one column per filter. */
#define BRANCH(tag, oc, kh, kw) "from input\nconv " oc " " kh "x" kw " pad=same\nbn\nrelu\nmax_axis 3\nsave " tag "\n"
static const char musicnn[] =
  "bn\nsave input\n" BRANCH("timbre1", "32", "7", "39") BRANCH("timbre2", "32", "7", "67") BRANCH("tempo1", "16", "65", "1") BRANCH("tempo2", "16", "129", "1")
  "concat timbre1 timbre2 tempo1\nconv 64 7 pad=same\nbn\nrelu\nsave mid1\nconv 64 7 pad=same\nbn\nrelu\nadd mid1\nsave mid2\n"
  "global_max\nsave max\nfrom mid2\nglobal_mean\nconcat max\nlinear 200\nbn\nrelu\ndropout 0.5\nlinear classes\n";

/* [Manilow20]'s body, and the one-stem networks of its authors' recipes: four layers both ways, 300 units each. */
#define BLSTM "lstm 300 both=yes\n"
#define DROP "dropout 0.3\n"
static const char ova[] = "instance_norm\nsequence\n" BLSTM DROP BLSTM DROP BLSTM DROP BLSTM;
static const char cerberus[] = "bn\nsequence\n" BLSTM BLSTM BLSTM BLSTM DROP;

const char *const aus_net_names[] = { "audionet", "alexnet-audiomnist", "vgg16_bn", "musicnn", "ova", "cerberus", "unet", NULL };

const char *aus_net_named(const char *name)
{
  static const char *const text[] = { audionet, alexnet, vgg16_bn, musicnn, ova, cerberus, "unet\n" };
  for (int i = 0; aus_net_names[i]; i++)
    if (strcmp(aus_net_names[i], name) == 0) return text[i];
  return NULL;
}
