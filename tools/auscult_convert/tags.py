"""Tag vocabularies, in output order (specs: the published tag lists of MagnaTagATune, MSD, MTG-Jamendo and GTZAN)."""

MTT = ("guitar,classical,slow,techno,strings,drums,electronic,rock,fast,piano,ambient,beat,violin,vocal,synth,female,"
       "indian,opera,male,singing,vocals,no vocals,harpsichord,loud,quiet,flute,woman,male vocal,no vocal,pop,soft,"
       "sitar,solo,man,classic,choir,voice,new age,dance,male voice,female vocal,beats,harp,cello,no voice,weird,"
       "country,metal,female voice,choral").split(",")

MSD = ("rock,pop,alternative,indie,electronic,female vocalists,dance,00s,alternative rock,jazz,beautiful,metal,"
       "chillout,male vocalists,classic rock,soul,indie rock,Mellow,electronica,80s,folk,90s,chill,instrumental,punk,"
       "oldies,blues,hard rock,ambient,acoustic,experimental,female vocalist,guitar,Hip-Hop,70s,party,country,"
       "easy listening,sexy,catchy,funk,electro,heavy metal,Progressive rock,60s,rnb,indie pop,sad,House,happy"
       ).split(",")

# MTG-Jamendo's 50 most frequent. The published taggers were trained with scikit-learn's LabelBinarizer, which sorts.
JAMENDO = ["genre---" + t for t in (
    "alternative,ambient,atmospheric,chillout,classical,dance,downtempo,easylistening,electronic,experimental,folk,funk,"
    "hiphop,house,indie,instrumentalpop,jazz,lounge,metal,newage,orchestral,pop,popfolk,poprock,reggae,rock,soundtrack,"
    "techno,trance,triphop,world").split(",")] + ["instrument---" + t for t in (
        "acousticguitar,bass,computer,drummachine,drums,electricguitar,electricpiano,guitar,keyboard,piano,strings,"
        "synthesizer,violin,voice").split(",")] + ["mood/theme---" + t for t in (
            "emotional,energetic,film,happy,relaxing").split(",")]

GTZAN = "blues,classical,country,disco,hiphop,jazz,metal,pop,reggae,rock".split(",")


def numbered(n):
    """Placeholders where no list is known."""
    return ["tag %d" % i for i in range(n)]
