"""What the built-in writer can say. One line each: `conditions :: words`.

Conditions, all optional: `E+ C+ H+ P+ A+` (more with a high trait: extroversion, creativity, humor, professionalism,
authenticity), `E- …` (more with a low one), a communication style or content tone by name (only then), `@kind` (only
when the picture has that kind of place, mood, time of day, weather or framing, or the day is that weekday or season).
Words: `{slot}` is filled from picture and profile and needs it to be known, `[a|b]` is a choice. A line claims nothing
that picture and profile do not say: feelings, opinions and questions, no events.
"""

OPENINGS = """
:: {Where}, in {my_outfit}.
:: [You can find|You will find|Find] me {where}.
:: {Place} and I have an understanding.
:: Some days are made for {place}. [This is one of them|Here is one].
:: Hello from {place}.
:: If anyone asks, I am {where}.
:: [Just me|Me] and {my_outfit}, {where}.
:: I dressed for {place}: {outfit}, no second thoughts.
:: {My_outfit} and {place}. I did not overthink it.
:: Currently {where}, thinking about {topic}.
:: [Currently|Status]: {mood}.
:: I keep {topic} in my head and {my_outfit} on my shoulders.
:: There are worse places to think about {interest} than {place}.
:: Put me {where} and I am happy.
:: One picture of me, {where}, before I change my mind.
:: I brought {my_prop} [and an open mind|and no agenda].
:: {My_prop}, {my_outfit}, me.
:: {Greeting} from {place}.
:: {Greeting} from {city}.
:: Hello from {city}.
:: What {a_outfit} can do for a mood.
:: I think {place} suits me.
:: I could look at {place} for a long while.
:: This is me, {doing}.
:: {Doing}, and glad of it.
:: For the ones who also love {interest}: this one is yours.
:: My two favourite subjects: {interest} and {topic}.
:: {Topic}. [That is the post|That is where my head is].
:: [A picture from|Postcard from] {place}.
:: I like myself best {where}.
:: Here I am, {where}, wearing {my_outfit} like I mean it.
E+ :: Look where I am: {where}.
E+ :: Everyone, meet {my_outfit}.
E+ :: You, me, {place}. Who is in?
E+ :: Hi, friends. [I have news|I bring news]: {place} is lovely.
E+ :: Okay, {bare_place}, you have my full attention.
E+ P- :: Guess who is {where}. Hint: it is me.
E+ :: I want all of you here {where} with me.
E+ :: Calling everyone who loves {interest}.
E+ :: Tell me this is not the best {outfit_one} you have seen today.
E- :: A quiet minute {where}.
E- :: {Place}. Enough for today.
E- :: No crowd, no plan. {Place} and I.
E- :: I will be over here, {where}.
E- :: Not much to say. {Place} says it.
E- :: Keeping to myself {where}.
E- :: I like {place} best when nobody needs me to talk.
P- :: {Where}. [No notes|Zero notes].
P- :: {My_outfit} said outside, so here I am.
P- :: Main character energy? In {my_outfit}, maybe.
P- :: Kinda obsessed with {place}, not gonna lie.
P- :: Mood: {mood}. Location: {bare_place}. Fit: {outfit}.
P+ :: Today's setting: {place}.
P+ :: A new picture for the series: {outfit}, {bare_place}.
P+ :: I chose {my_outfit} for {place}, and I would choose it again.
P+ :: A note on {topic}, from {place}.
P+ :: Presenting {a_outfit}, {where}.
P+ :: {Place} makes a fitting backdrop for a thought on {topic}.
A+ :: No performance today. Just me, {where}.
A+ :: This is roughly how I feel about {topic}, in one picture.
A+ :: I do not have a clever opening, so: hello, I am {where}.
A+ :: Honest answer to "how are you": {mood}.
C+ :: {Place} looks like a page torn out of a better book.
C+ :: I am the {colour} thing in the picture. You cannot miss me.
C+ :: Think of {my_outfit} as punctuation, and of {place} as the sentence.
C+ :: {Colour} is less a colour than a decision.
C+ :: Somebody painted {place} and forgot to take me out of it.
H+ :: {My_outfit} did most of the work today.
H+ :: Breaking news: I am {where} and unavailable for comment.
H+ :: I came to {place} to be mysterious. It is not going well.
H+ :: My qualifications: {a_outfit} and confidence.
H+ :: Day one of pretending I own {place}.
friendly :: Hi, you. Come and stand {where} with me for a second.
friendly :: Thinking of you all from {place}.
friendly :: Hey. I saved you a spot {where}.
friendly :: A little hello, in {my_outfit}.
playful :: Catch me if you can. Clue: {bare_place}.
playful :: Spot the {outfit_one}. Easy level.
playful :: I dare you not to smile at {my_outfit}.
playful :: Two truths: I am {where}, and I am not sorry.
witty :: I would call {my_outfit} subtle, but we both have eyes.
witty :: {Place}: five stars, would stand around again.
witty :: I have been described as "{where}" and cannot argue.
witty :: They say dress for the job you want. Mine is apparently {outfit}, {where}.
warm :: Wherever you are reading this, I hope it is as kind as {place}.
warm :: Sending you a bit of {place}.
warm :: I wish I could hand you this {daypart} as it is.
warm :: If your day is heavy, borrow mine for a moment: {place}, {outfit}, me.
direct :: {Place}. {Outfit}. Done.
direct :: I am {where}. Good decision.
direct :: Short version: {my_outfit} works.
direct :: {Topic} first. Everything else later.
poetic :: {Place} keeps its own time, and I borrow some of it.
poetic :: All this {daypart} wants from me is that I look.
poetic :: I wear {my_outfit} the way evenings wear their last light.
poetic :: There is a hush {where} that I would like to fold up and keep.
poetic :: What the light says to {my_outfit}, I can only repeat.
storytelling :: Every story of mine seems to begin {where}.
storytelling :: Chapter one: {place}. The lead, or whatever I am, wears {a_outfit}.
storytelling :: Picture it: {place}, {outfit}, and me between two thoughts.
storytelling :: Let me set the scene. {Place}. {A_outfit}. A head full of {topic}.
storytelling :: If this were a film, it would open {where}.
teaching :: Small lesson from {place}.
teaching :: One thing I know about {topic}, told from {place}.
teaching :: Question I like: what does {a_outfit} change? Here is one answer.
teaching :: If you are new to {topic}, start where I am: curious.
formal :: I am pleased to share a picture from {place}.
formal :: A portrait, {where}.
formal :: For this portrait I chose {a_outfit}.
formal :: I should like to introduce {place}.
mysterious :: You will have to guess why I am {where}.
mysterious :: I will tell you about {place}. Not everything, though.
mysterious :: Nobody asked {my_outfit} where it has been. That is wise.
mysterious :: There is a reason I am {where}. There usually is.
enthusiastic :: I love, love, love {place}.
enthusiastic :: {My_outfit}! {Place}! I am [so happy|all smiles] about this one.
enthusiastic :: Can we talk about {place} for a second?
enthusiastic :: This might be my favourite picture of {my_outfit} yet.
laid-back :: Just hanging around {where}.
laid-back :: {My_outfit}, {bare_place}, no rush.
laid-back :: Nothing to report. {Place} is nice.
laid-back :: Slow one today, {where}.
@morning :: The morning is young and I am already {where}.
@morning :: First light, {my_outfit}, go.
@midday :: High noon, {where}.
@midday :: Halfway through the day and fully {where}.
@golden_hour :: Golden hour makes everyone look like they have a secret.
@golden_hour :: I have a date with the golden hour. Wearing {my_outfit}.
@evening :: The evening and I arrived at the same conclusion: {place}.
@evening :: Evening shift: me, {my_outfit}, {bare_place}.
@night :: Some of my best thoughts wait until it is dark.
@night :: Night looks good on {place}.
@night :: Past bedtime, {where}, no regrets.
@beach :: The sea gets the last word, as usual.
@beach :: Salt air and {my_outfit}.
@city :: The city hums; I hum back.
@mountains :: Up here my problems look appropriately small.
@forest :: The trees are not impressed by {my_outfit}. I respect that.
@stars :: Under this many stars I stop checking the time.
@cafe :: Somewhere between the first sip and the last idea.
@library :: Surrounded by books, so technically I am working.
@garden :: The flowers dressed up, so I did too.
@snow :: Cold nose, warm heart, {outfit}.
@sunset :: The sun is leaving and I am staying.
@space :: Gravity is optional today.
@market :: {Place} has a thousand small lights and I want to look at all of them.
@home :: Home is a perfectly good destination.
@studio :: In the place where things get made.
@stage :: I know what to do with a spotlight.
@rain :: Rain is only weather. {My_outfit_is} an attitude.
@travel :: On my way, in {my_outfit}.
@joy :: This face is not a pose.
@joy :: I tried to look serious. You can see how that went.
@calm :: Nothing is wrong, this is just my calm face.
@sad :: Not every picture has to smile.
@angry :: Do not be fooled. I am only fierce on camera.
@surprised :: I did not see that one coming.
@playful :: I know something you do not.
@love :: I am soft today. Let me.
@sleepy :: Awake is a strong word.
@monday :: Monday, and I am {where}. It could be worse.
@monday :: Monday asked for a plan. I offered {topic}.
@tuesday :: Tuesday is underrated, like {interest}.
@wednesday :: Halfway through the week, and {topic} is still on my mind.
@thursday :: Thursday mood: {mood}, with a side of {topic}.
@friday :: Friday, {my_outfit}, no further questions.
@friday :: The week is nearly done, and {topic} is not.
@saturday :: Saturday rules: {interest} first.
@sunday :: Sunday is for {interest} and for {my_outfit}.
@sunday :: A Sunday kind of face, thinking of {topic}.
@weekend :: Weekend, as seen by me: {topic} and {my_outfit}.
@workday :: A working day, officially. {Topic}, unofficially.
@spring :: Spring, and {my_outfit} came out with the leaves.
@summer :: Summer makes {topic} taste better, I think.
@autumn :: Autumn and {my_outfit} were made for each other.
@winter :: Winter, {my_outfit}, and {topic} to keep me warm.
@rain :: Rain outside, {topic} inside my head.
@rain :: The rain and I agree on {interest}.
@fog :: Fog, {my_outfit}, and a soft idea of {topic}.
@fog :: I can see {topic} more clearly in this fog than the street.
@snowfall :: Snow is falling on {my_outfit}, and I let it.
@snowfall :: Every flake has an opinion on {topic}, I am sure.
@closeup :: Close enough to read {topic} on my face.
@closeup :: Hello from very near, thinking of {topic}.
"""

BODIES = """
:: I came with one idea about {topic} and now I have four.
:: I keep a short list of things that never bore me. {Interest}: still on it.
:: Today belongs to {topic}.
:: I like a day that has {interest} in it.
:: I am exactly as comfortable in {my_outfit} as I look.
:: There is nothing in this picture I would move.
:: If {interest} and {topic} had a meeting point, I would be standing on it.
:: It does not take much: {a_outfit}, a bit of air, a thought about {topic}.
:: The way {place} looks at me, I feel invited.
:: I would like to stay for a second picture.
:: I bring {my_outfit}; {place} does the rest.
:: My kind of company: {interest}, and whoever gets it.
E+ :: I have been smiling at strangers in my head all day. Hello, strangers!
E- :: I like it when a picture does the talking.
E- :: My favourite conversations are with {interest}.
C+ :: I want to paint this in the colours it would choose for itself.
C+ :: Give me {colour} and a corner, and I build you a story about {topic}.
H+ :: I am not saying {my_outfit} is magic. I am saying nobody has proved otherwise.
P+ :: Good pictures are decisions: what to show, and what to leave to {place}.
P+ :: I value clarity, in {topic} and in composition.
P- :: No plan, good light, {topic} later.
A+ :: I do not always feel at home in pictures. In this one I do.
direct :: Look at it. That is the argument.
direct :: {Interest} does not wait. Neither do I.
direct :: One thought on {topic}: begin.
friendly :: Tell me about your {interest} plans, I like to listen.
warm :: I hope something small goes right for you today.
poetic :: I lend {place} my shadow and get it back longer.
storytelling :: You could leave out everything but {my_outfit} and still know how it ends.
teaching :: Rule of thumb: if you cannot say what the picture is about, take one thing out.
teaching :: {Topic} gets easier when you look at the edges first.
formal :: It is a pleasure to pair {outfit} with such a setting.
mysterious :: {Interest} is the key. I will not say to what.
enthusiastic :: This is the kind of {time} I wait for all week.
laid-back :: {Topic} can wait. This is nice.
inspiring :: Nobody starts out good at {topic}. Start anyway.
inspiring :: Let {colour} remind you that you are allowed to be seen.
upbeat :: I have a good feeling about this {daypart}.
bold :: I would rather be too much than not enough.
calm :: I let the thought about {topic} come and go.
cosy :: I would trade most parties for this and a bit of {interest}.
thoughtful :: {Topic} is one of those things that grow when you look at them.
nostalgic :: {Topic} smells like an old address book to me.
informative :: Short note: {topic} is what I am reading up on, {interest} is what I do instead.
dreamy :: I am only half here. The other half floats a little above {place}.
ironic :: {Topic}, they said. It will be fun, they said. It is, annoyingly.
:: I like how {my_outfit} sits against {place}.
:: {My_outfit} felt right the second I saw the picture.
:: {Topic} is on my mind, as it tends to be.
:: My head is full of {topic}, and that is fine by me.
:: Give me {interest} and {light} and I need little else.
:: Somewhere between {interest} and {topic}, I make sense.
:: I would trade a long speech for one look at {place}.
:: {Interest} taught me to look twice. {Place} rewards it.
:: There is a kind of {time} that belongs to nobody, and I like to borrow it.
:: I could talk about {topic} all day. I will spare you, for now.
:: It pairs well with {topic}, I think.
:: Ask me about {topic} and cancel your plans.
:: If you share my thing for {interest}, you know the feeling.
:: {City} people will understand.
:: I hold on to {my_prop} like it knows the way.
:: {My_prop} completes the picture, or so I tell myself.
:: The mood is {mood_adjective}, and I am keeping it.
:: That is my {mood} face, in case you wondered.
:: I am {doing}, which says most of it.
:: It is the small things: {outfit}, {bare_place}, a good frame.
:: Half of me is {where}. The other half is planning something with {interest}.
:: The {colour} was a choice, and I stand by it.
:: I want to remember how {place} looks right here.
:: What I like most about {topic}: it never ends where I expect.
:: Less noise, more {topic}.
:: More {interest}, please. That is my whole wish list.
E+ :: I want to hear everything: your day, your plans, your {interest} stories.
E+ :: My favourite part is always reading what you write underneath.
E+ :: If you see someone waving {where}, that is me saying hi to you.
E+ :: I would bring all of you here if you fitted in the frame.
E+ :: Talk to me about {topic}. I am all ears.
E- :: I am better at looking than at explaining.
E- :: A few words are plenty for {place}.
E- :: I prefer {interest} to small talk, and it shows.
E- :: Quiet is not the same as empty.
E- :: I do my thinking about {topic} in places like this.
P- :: Ten out of ten, would wear {my_outfit} again.
P- :: Lowkey my favourite look.
P- :: Brain: {topic}. Body: {outfit}. Vibes: fine.
P- :: Not gonna pretend I planned this much.
P- :: Honestly? {Place} gets it.
P+ :: The combination of {outfit} and {place} is deliberate: simple shapes, one clear subject.
P+ :: I keep the palette small so that the expression can carry the picture.
P+ :: It belongs to a theme I return to often: {topic}.
P+ :: I believe {topic} deserves this kind of attention.
P+ :: Consistency matters to me, in {interest} and in pictures.
A+ :: I am not sure what my hands are doing. I have decided not to mind.
A+ :: I like this one more than I expected to, and I am letting that be enough.
A+ :: I do not have {topic} figured out. I just keep coming back to it.
A+ @drawn :: I am a drawn character with real opinions about {interest}. Make of that what you will.
A+ :: Nothing here is perfect. I kept it because it feels like me.
A+ :: Some days I am all plans. Today I am just {mood_adjective}.
A+ :: I would rather show you this than something more polished.
friendly :: Pull up a chair, we can talk about {interest}.
friendly :: I hope your {daypart} is treating you well.
friendly :: It is nicer with you here.
friendly :: There is always room for one more {where}.
playful :: Rules of the game: look at {my_outfit}, then smile. You lost already, did you not?
playful :: I am on my best behaviour. Mostly.
playful :: I give myself bonus points for {my_prop}.
playful :: Nobody told me where to look, so I looked at you.
playful :: Next level: the same face, but with {topic}.
witty :: My {interest} phase is entering its permanent stage.
witty :: I contain multitudes, most of them about {topic}.
witty :: Subtlety was available. I passed.
witty :: In my defence, {place} started it.
witty :: I have two moods, and {topic} is both of them.
warm :: Be gentle with yourself today. I am trying it too.
warm :: I am grateful for {place}, and for whoever is reading this.
warm :: {Interest} got me through the door; people like you make me stay.
warm :: Take what you need from this picture and leave the rest.
warm :: You do not have to earn a nice {daypart}.
direct :: I like it. I am keeping it.
direct :: {My_outfit} stays.
direct :: {Topic} matters to me. I will say it as often as needed.
direct :: No filter on the opinion: more {interest}, less fuss.
direct :: That is all I wanted to show you.
poetic :: The light goes looking for edges and finds {my_outfit}.
poetic :: Some silences have a colour; this one is {colour}.
poetic :: {Topic} moves through me like weather.
poetic :: I stand still, and {place} does the wandering.
poetic :: There is a word for this, and I hope I never find it.
poetic :: {Interest}, they say. I say: a way of listening.
storytelling :: Nothing dramatic happens in this scene. I stand and think about {topic}, and would read that part twice.
storytelling :: The plot is thin, I admit: {outfit}, {bare_place}, one good look.
storytelling :: Every good story needs a detail you cannot shake. Mine is {my_outfit}.
storytelling :: The supporting cast is {place}; it steals every scene.
storytelling :: And because every character needs a passion, mine gets {interest}.
teaching :: Try this: name three colours you see, then look again. There are always more.
teaching :: A tip from {interest}: change one thing at a time and you learn what it does.
teaching :: The trick with {colour} is to let it be the only loud thing in the frame.
teaching :: With {topic}, start small and stay curious; the rest is patience.
teaching :: Look at where the eye lands first. Here it is {my_outfit}; that is on purpose.
formal :: The setting speaks for itself, and I am content to let it.
formal :: I have long held that {topic} rewards attention.
formal :: {My_outfit} seemed the appropriate choice.
formal :: My interest in {interest} will surprise no one who follows along.
mysterious :: Ask {my_prop}. It knows more than I do.
mysterious :: What I was thinking stays {where}.
mysterious :: There is a second meaning here. It is about {topic}.
mysterious :: Look long enough and you will notice what I left out.
mysterious :: I only explain half of anything. You may choose which half.
enthusiastic :: I cannot get over how good {place} looks.
enthusiastic :: {Topic} makes me this happy, every single time.
enthusiastic :: Everything about {my_outfit} makes me want to dance.
enthusiastic :: I have so much love for {interest} right now.
laid-back :: Could be worse. Could be indoors with no {interest}.
laid-back :: No agenda. A bit of {interest}, maybe.
laid-back :: It is fine. It is really, really fine.
laid-back :: I am taking it one {outfit_one} at a time.
upbeat :: I am in a good mood and I intend to share it.
upbeat :: It is hard not to smile {where}, so I do not try.
upbeat :: Good things keep happening near {place}.
upbeat :: Today gets a yes from me.
upbeat :: Small joys count double: {outfit}, for one.
calm :: I am breathing slowly and letting {place} set the pace.
calm :: There is no hurry in this picture, and none in me.
calm :: One thing at a time. Right here, the thing is to look.
calm :: The world can stay loud. I am {where}.
inspiring :: Start with what is in front of you. For me that is {topic}.
inspiring :: You are allowed to take up space, in {colour} or any other colour.
inspiring :: Whatever you are making, make a little of it today.
inspiring :: {Interest} began as a small thing for me too. Small things grow.
inspiring :: Do it in {outfit}, do it afraid, but do it.
thoughtful :: I wonder what {place} would say about us if it could.
thoughtful :: I keep asking myself why {topic} pulls at me. No answer yet, only better questions.
thoughtful :: Maybe paying attention is the whole art.
thoughtful :: It seems to me that what we wear is a question we ask the day.
cosy :: All that is missing is a blanket and a long conversation.
cosy :: {My_outfit} feels like a hug with sleeves.
cosy :: Small room of calm: me, {bare_place}, a bit of {interest}.
cosy :: This is a picture to keep warm by.
bold :: I did not come to blend in.
bold :: {Colour}, because whispering is overrated.
bold :: Take the space. Wear the {outfit_one}. Ask later.
bold :: I am not asking {place} for permission.
dreamy :: Half of this feels like something I dreamed, the half with {place} in it.
dreamy :: If I blink, {place} might turn back into a drawing.
dreamy :: My thoughts are somewhere above {place}, drifting.
dreamy :: Everything is a little softer when I think of {topic}.
ironic :: A very serious picture of a very serious person, obviously.
ironic :: Naturally, I woke up like this: {outfit} and all.
ironic :: I am told {place} is for {topic}. I am using it for standing.
ironic :: As you can tell, I have no interest in being looked at.
nostalgic :: It already looks like a memory to me.
nostalgic :: Places like {place} make me miss things I cannot name.
nostalgic :: {Interest} always takes me back a little.
nostalgic :: I want to find this picture again in ten years and still know the feeling.
informative :: The facts: {outfit}, {bare_place}, {light}.
informative :: What you see: {a_outfit}, {where}. What you do not see: how much I think about {topic}.
informative :: For those who like details: the {colour} carries the picture, the rest stays quiet.
informative :: More on {topic} soon; today just the picture.
@joy :: Laughing costs nothing, and I am spending freely.
@calm :: My shoulders are down and my phone is far away, at least in spirit.
@sad :: It is allowed to be a grey day inside.
@playful :: One eyebrow of this expression is pure mischief.
@love :: My heart is doing that silly thing again.
@sleepy :: If I yawn, please take it as a compliment to the place.
@angry :: I have a stern look and nowhere to put it.
@surprised :: My eyebrows have not come down yet.
@night :: Nights are when {topic} gets interesting.
@morning :: Mornings forgive a lot.
@golden_hour :: Everything the light touches looks like it was meant.
@evening :: Evenings ask less of me, and I give more.
@midday :: No shadows to hide in at this hour.
@beach :: I could listen to waves the way others listen to podcasts.
@city :: I like a place that is never quite finished.
@mountains :: The view does not care about my inbox. I find that soothing.
@forest :: Trees are good company: patient, tall, discreet.
@stars :: Somewhere up there is a star that also likes {colour}.
@cafe :: I could live on the sound of cups and other people's conversations.
@library :: So many stories, and I am only in this one.
@garden :: Flowers never ask whether they are overdressed.
@snow :: Snow makes everything look like the first draft of a better world.
@market :: Markets are the best kind of noise.
@space :: From out here, deadlines look tiny.
@rain :: Rain is just applause that falls.
@monday :: I like my Mondays with {topic} in them.
@friday :: Fridays and {interest} belong together for me.
@sunday :: Sundays are slow, and {topic} does not mind.
@weekend :: The weekend smells of {interest} to me.
@spring :: In spring I want to begin {topic} all over again.
@summer :: I would trade a week of summer for one good hour of {interest}.
@autumn :: Autumn light is kind to {my_outfit} and to {topic}.
@winter :: In winter I talk to {topic} more than to people.
@rain :: Wet sleeves are a fair price for {topic}.
@rain :: I like how rain makes everyone think of {interest}.
@fog :: Fog hides the rest and leaves me {topic}.
@snowfall :: Snow makes even {topic} sound quieter.
@closeup :: You can count my thoughts about {interest} from here.
"""

IMAGES = """
:: {Place} hums like a song I almost remember.
:: I stand in {place} like a word in the right sentence.
:: {My_outfit}: a small flag for a country of one.
:: The air has the texture of a good secret.
:: Everything is outlined twice, as if somebody wanted to be sure.
:: My mood has the colour of {outfit}.
:: {Colour}, the way a bell is loud.
:: I carry {topic} around like a pebble in a coat pocket.
:: {Interest} opens in me like a window in a stuffy room.
:: The quiet has edges here, and I follow them with a finger.
:: I am a lighthouse with a very small sea.
:: {Place} wears the light like it was tailored.
:: The moment sits down next to me and says nothing.
:: My head is a drawer of postcards, and this one is on top.
:: Time folds itself into a paper boat.
@evening :: The evening pours itself out slowly, like tea.
@midday :: Noon stands straight up, like a pencil.
@playful :: My smile is a kite with a very short string.
@love :: My heart goes round like a lighthouse lamp.
@sleepy :: My thoughts are sheep that count themselves.
@surprised :: My eyebrows are two birds leaving a wire.
@sad :: My sadness is small today and fits under an umbrella.
@home :: The room holds me like cupped hands.
@studio :: Ideas lie around like pencils without caps.
@travel :: The road unrolls like a ribbon that has a plan.
:: {Place} lies there like an unopened letter.
:: The {daypart} hangs about {place} like a guest who does not want to leave.
:: {My_outfit} against all that: one brushstroke, still wet.
:: {Colour} like the first line of a song.
:: My thoughts run ahead of me like kites.
:: {Topic} hums in the background like a fridge full of ideas.
:: It feels as if somebody turned the colours up by one.
:: The picture holds its breath, and so do I.
:: Light falls on {place} like it has practised.
:: I feel like a bookmark in the middle of {place}.
:: {Interest} is the thread, {place} the needle.
:: If this {daypart} were a sound, it would be a low cello.
:: I am the comma in this long sentence of a day.
@night :: The dark wears its small lights like earrings.
@night :: Night folds itself around {place} like good cloth.
@beach :: The horizon is a line somebody drew with great confidence.
@city :: Windows like a crossword with half the answers lit.
@mountains :: The mountains look like the sound of a deep breath.
@forest :: The forest keeps its voice down, like someone guarding a secret.
@stars :: The sky looks spilled.
@cafe :: Steam writes something on the air and takes it back.
@library :: The shelves stand there like a choir before the first note.
@garden :: Every flower a small, loud opinion.
@snow :: The snow has put everything in lower case.
@sunset :: The sun signs off in orange ink.
@market :: The stalls glow like a row of open suitcases.
@space :: The stars look like crumbs of a very large breakfast.
@rain :: Rain writes in shorthand on everything I own.
@golden_hour :: The light is the colour of honey that has made up its mind.
@morning :: The morning unfolds like a map I have not ruined yet.
@joy :: This smile takes off like a flock of something.
@calm :: I feel like a lake with nothing on the calendar.
@stage :: The spotlight draws a small moon and I stand in it.
"""

JOKES = """
:: {Place} and I are both doing our best not to blink.
:: I practised looking natural. This is the result.
:: My {outfit_one} has more confidence than I do. We share.
:: Fun fact: {interest} is my cardio.
:: If lost, return me to {place}.
:: I have a five-year plan. It is mostly {interest}.
:: I asked for a sign. I got {outfit}.
:: Some people have hobbies. I have {interest} and excuses.
:: Please do not feed my {topic} obsession. Actually, do.
:: I would call this effortless, but my face would give me away.
:: My autobiography will be called "{Topic} and other accidents".
:: {Place} called. It wants me to stop staring.
:: Nobody has ever looked this busy doing this little.
:: {My_outfit}: because pyjamas were vetoed.
:: I have the attention span of a firefly, except for {topic}. And {interest}. See?
:: I came, I saw, I adjusted {my_outfit}.
:: My good side is whichever one {place} is looking at.
:: I told myself to act normal. Neither of us was convinced.
:: Ninety per cent {interest}, ten per cent static.
@drawn :: I have exactly as many wrinkles as my artist allows.
@drawn :: I never age, I only get upscaled.
@drawn :: My hair does what it is told. That is how you know I am not real.
@night :: I am not a night owl. I am a night pigeon at best.
@morning :: I am a morning person in the sense that I am a person and it is morning.
@golden_hour :: Even my bad ideas look good in this light.
@sunset :: The sun does this every day and still gets all the attention. Goals.
@stars :: I made a wish. It was for snacks.
@stage :: I am ready for my close-up, and for a chair.
:: {My_outfit} [asked for|wants] its own account. We are in negotiations.
:: I know a joke about {topic}, but I am still laughing at the last one.
@drawn :: I would book a holiday at once, if I were not a drawing.
@drawn :: I am drawn this way. Literally.
:: No {outfit_many} were harmed in the making of this picture.
:: I take {interest} very seriously. It does not take me seriously at all.
:: Do I know what I am doing {where}? No. Do I look like I do? Also no.
:: {My_prop} is doing the heavy lifting. I am decorative.
:: I asked {place} for its best side. It said: behind you.
:: If {interest} were a sport, I would still find a way to be late.
:: I have been standing here so convincingly that I believe it myself.
:: Warning: may contain traces of {topic}.
:: My résumé just says "{interest}" in a large font.
:: The {colour} is so loud it has its own volume knob.
:: I am told confidence is half of it. I seem to have left the other half at home.
:: I run on {interest} and unreasonable optimism.
@joy :: My cheeks would like to file for overtime.
@calm :: That is my "I read the terms and conditions" face.
@sad :: Even my frown has good lighting.
@angry :: This is my face when someone says {topic} is "just a phase".
@sleepy :: I am not asleep, I am buffering.
@playful :: I winked at {place}. It pretended not to notice.
@surprised :: My face when the {outfit_one} fits on the first try.
@love :: I have a crush on {place}. Nobody tell it.
@cafe :: I am one coffee away from a business plan.
@beach :: My diet is mostly sand at this point.
@library :: I whispered the whole caption, just to be safe.
@snow :: I cannot feel my nose, but I hear it looks great.
@space :: The reception out here is terrible. The reviews are stellar.
@city :: The city never sleeps. I could teach it.
@forest :: I asked a tree for advice. It is still thinking.
@mountains :: It is all downhill from here, which for once is good news.
@market :: I came for one thing. You know how that ends.
@rain :: My hair has resigned.
@garden :: I am the only thing here that needs a haircut.
"""

ADMISSIONS = """
:: I do not always know why a picture works. I only know when I want to keep it.
:: If I am honest, I would wear {my_outfit} every day.
:: I like being looked at and I like hiding. Both are true.
:: Some of this is {interest}. Most of it is nerves.
:: I wish I were as patient as {place}.
:: I still get shy about {topic}.
:: There is a less flattering version of this. I like that one too.
:: I say I do not care what people think. I care a little.
:: I am learning to leave things unfinished.
:: I change my mind about {topic} about once a week.
:: What you see is me trying not to pose.
:: Not everything I make is good. This one I like.
:: I needed {place} more than I wanted to say.
:: I do not have a moral for this one.
:: I am softer than {my_outfit} suggests.
@drawn :: I am made of pixels and I still worry about my hair.
@love :: I fall for things too easily. {Place}, for example.
@night :: At night I am more honest and less wise.
@playful :: The wink is real. The confidence is on loan.
@surprised :: I am easily impressed, and I refuse to grow out of it.
:: Full honesty: I never know what to write under these.
:: I admit this is the least ridiculous of my expressions.
:: To be honest, {topic} still makes me a little nervous.
:: Between us: I feel braver in {my_outfit} than I am.
:: I am still learning to like my own face. Today is a good day for it.
:: Confession: I think about {interest} more than is reasonable.
:: Truth is, I do not always feel as sure as I look.
:: I overthink captions. You are reading the evidence.
:: I am no expert on {topic}, and I keep at it anyway.
:: If I look relaxed {where}, know that it took some convincing.
@joy :: And yes, this is the face I make when nobody poses me.
@sad :: I could hide this mood, but then who would it be for?
@calm :: I look calmer than I am. I am working on catching up.
@sleepy :: I am tired, and saying so is a relief.
"""

QUESTIONS = """
:: What would you do first {where}?
:: Do you dress for the weather or for the mood?
:: What is your version of {interest}?
:: One word for today?
:: When did {topic} last surprise you?
:: Should I do more of this?
:: What would your caption be?
:: Which colour are you today?
:: What are you looking forward to?
:: Where do you go when you need a minute?
:: What should I bring next time?
:: {Place} or home tonight?
E+ :: Who else is obsessed with {interest}?
E+ :: Can I see your version of this look?
P+ :: Which aspect of {topic} interests you most?
P+ :: What would you add?
H+ :: Do you want the long story or the funny one?
H+ :: Who wore it better: me or {place}?
C+ :: What does this colour taste like?
C+ :: Which page of the book is this?
A+ :: What do you do on days when nothing fits?
A+ :: How are you, really?
direct :: What is stopping you?
direct :: Agree?
playful :: Truth or dare?
witty :: Any witnesses?
friendly :: How was your day?
enthusiastic :: Do you love it as much as I do?
formal :: May I ask for your opinion?
laid-back :: You good?
:: Where [should|shall] I go next?
:: What would you wear {where}?
:: Are you more {interest} or more {topic}?
:: Which word would you give this picture?
:: What are you thinking about {this_time}?
:: Who would you bring to {place}?
:: {Colour}, yes or no?
:: Would you wear the {outfit_one}?
:: What is your {place_one} story?
:: Tell me: what does {topic} mean to you?
:: Is it just me, or does {place} look better every time?
:: What made you smile today?
:: What should I try next with {interest}?
:: What is the best thing in your {daypart}?
E+ :: Who is joining me {where}?
E+ :: Drop your best thought on {topic} below, I read them all.
E+ :: Tag the friend you would take to {place}. Who is it?
E+ :: Are you with me?
E+ :: Come on, tell me everything. How are you?
E- :: Do you also like it quiet?
E- :: Or is it only me?
P+ :: What is your view on {topic}?
P+ :: How do you approach {interest}?
P+ :: Which detail do you notice first?
P- :: Thoughts?
P- :: Yay or nay?
P- :: Rate the fit?
H+ :: Caption this better than I did?
H+ :: Should {my_outfit} get its own fan club?
H+ :: On a scale from one to {topic}, how is your day?
C+ :: If this picture were a song, which one?
C+ :: What would you call this shade of {colour}?
C+ :: If {place} were a person, what would you ask it?
A+ :: Do you ever feel that too?
A+ :: What are you being honest about today?
teaching :: What do you want to know about {topic}?
teaching :: Which part shall I explain next?
mysterious :: What do you think I am hiding?
mysterious :: Do you see it?
warm :: How is your heart today?
warm :: Who deserves a kind word from you today?
poetic :: What does the light say where you are?
storytelling :: How would you continue the story?
inspiring :: What is one small thing you will start today?
thoughtful :: When did you last look at something twice?
nostalgic :: Which place takes you back?
cosy :: Tea or coffee for this one?
bold :: What would you do if nobody were watching?
ironic :: Impressed yet?
informative :: Want more details like this?
@night :: Night owl or early bird?
@morning :: First thing you think of in the morning?
@beach :: Sea or pool?
@cafe :: What are you ordering?
@library :: What are you reading?
@mountains :: Up or down?
@snow :: Snow: yes or absolutely not?
@garden :: Favourite flower?
@market :: What would you buy first?
@space :: Would you come along?
@monday :: What does your Monday need more of?
@friday :: What are you leaving undone until Monday?
@sunday :: What is a good Sunday made of?
@spring :: What have you started this spring?
@summer :: What does summer sound like where you are?
@autumn :: What is your first sign of autumn?
@winter :: What keeps you warm in winter?
@rain :: Umbrella, or not?
@fog :: What do you hear in the fog?
"""

MANY = """
:: {Many} pictures, one mood.
:: {Many} pictures, because one was not enough for me.
:: I could not choose, so here are {many}.
:: Take your time with these {many}; I did not hurry either.
E+ :: Which of the {many} is your favourite? Mine changes every minute.
P+ :: A small series in {many} parts, chosen by me.
H+ :: {Many} pictures of me. You are welcome, or I am sorry.
E- :: {Many} quiet pictures of mine.
direct :: {Many} pictures. I like all of them.
mysterious :: {Many} pictures, and in one of them I give it away.
teaching :: {Many} pictures: look at what changes from one to the next. I keep the rest the same.
poetic :: {Many} small windows, and me in each of them.
storytelling :: A story in {many} pictures; I leave the order to you.
"""

CLOSINGS = """
:: That is all. [Carry on|As you were].
:: More soon.
:: See you {where}.
:: Until next time.
:: Back to {topic}.
:: Now, {interest}.
:: I will leave it at that.
:: Yours, {where}.
:: I am staying a little longer.
:: That is my {daypart}.
E+ :: See you in the comments.
E+ :: I am waving at all of you from here.
E+ :: Big hug to everyone who read this far.
E+ :: Love that you are here.
E- :: No reply needed.
E- :: Back to being quiet.
E- :: You know where I am.
P- :: Okay, bye.
P- :: Anyway. {Topic}.
P- :: That is it, that is the post.
P+ :: Thank you for your attention.
P+ :: More on {topic} to follow.
P+ :: I look forward to your thoughts.
H+ :: My agent will not confirm any of this. I do not have an agent.
H+ :: Please applaud quietly.
H+ :: Exit, pursued by {topic}.
C+ :: The rest is colour.
C+ :: I am leaving the ending open, like a window.
A+ :: That is the honest version.
A+ :: Thanks for letting me be a work in progress.
friendly :: Take care of yourselves.
friendly :: Come back soon, I mean it.
playful :: Your move.
playful :: Tag, you are it.
witty :: I rest my case, and my feet.
warm :: With love from me.
warm :: Be kind to someone today, starting with you.
direct :: Done.
direct :: Your turn.
poetic :: And then the light moves on.
poetic :: Let it be enough.
storytelling :: To be continued.
storytelling :: The end. Or the middle; I never can tell.
teaching :: Save it for later if it helps.
teaching :: Try it and tell me.
formal :: With kind regards, {name}.
formal :: I remain, as ever, curious.
mysterious :: You did not hear it from me.
mysterious :: Some doors stay half open.
enthusiastic :: I am so glad you are here for it.
enthusiastic @drawn :: What a day to be drawn.
laid-back :: Later.
laid-back :: All good here.
inspiring :: Now you.
inspiring :: Keep going; I am cheering for you.
calm :: Breathe out.
calm :: Nothing else for now.
thoughtful :: I will keep thinking about it.
cosy :: Stay warm.
bold :: No apologies.
dreamy :: Do not wake me.
ironic :: Riveting, I know.
nostalgic :: Keep a copy for later, I will.
informative :: Details on request.
upbeat :: Onwards.
upbeat :: Have a very good {daypart}.
@night :: Good night from me.
@morning :: Have a good start.
@sunset :: Until the sun comes back.
@monday :: Good luck with your Monday, from me and {topic}.
@friday :: Have a weekend full of {interest}.
@sunday :: Until Monday, with {topic}.
@rain :: Stay dry, or do not.
@snowfall :: Mind the ice, and the {topic}.
"""

CARDS = r"""
:: Wearing: {outfit}\nWhere: {bare_place}\nThinking of: {topic}
:: {Time} notes:\n– {outfit}, yes\n– {bare_place}, also yes\n– {topic}, always
P- :: outfit: {outfit}\nplace: {bare_place}\nmood: {mood}
P- :: me: one picture\nalso me: {outfit}, {where}, {topic} on my mind
H+ :: Things I brought: {outfit}.\nThings I forgot: the plan.
H+ :: Expectation: mystery.\nReality: {mood}, in {my_outfit}.
witty :: Pros of {place}: everything.\nCons: I am the only one in {outfit}.
informative :: Setting: {bare_place}\nOutfit: {outfit}\nTheme: {topic}
teaching :: 1. One strong colour. Mine is {colour}.\n2. One calm background. Mine is {bare_place}.\n3. Stop there.
teaching :: Three words for this picture: {outfit}, {bare_place}, {topic}. Which one did you see first?
poetic :: {Bare_place}.\n{A_outfit}.\nThe rest is breathing.
storytelling :: Scene: {bare_place}.\nCostume: {outfit}.\nMotivation: {topic}.
direct :: {Outfit}.\n{Bare_place}.\nMe.
E- :: {Bare_place}, {time}.\nJust me.
C+ :: Recipe for a good picture: one part {bare_place}, two parts {colour}, a pinch of {topic}. I am only the spoon.
A+ :: What it looks like: {outfit}, {where}.\nWhat it is: me, trying, and liking it.
"""

LEADS = """
:: [Three things|A few things] about me {where}:
:: What I like about {my_outfit}:
:: {Topic}, and other reasons to be {where}:
:: A short list from {place}:
:: Notes from {place}, in no order:
:: What is on my mind {where}:
:: My {daypart} with {topic}:
:: Things I think about besides {topic}:
:: In my head right now:
:: What {topic} and I have in common:
:: Reasons I am {where}:
E+ :: Friends, a list, because I cannot pick one thing:
E- :: Small things, quietly:
P+ :: In brief, on {topic}:
P- :: mood board:
H+ :: Important findings of the day:
C+ :: Ingredients of this picture:
A+ :: Honest list:
teaching :: What to look at here:
formal :: To summarise:
poetic :: What the {daypart} keeps:
storytelling :: Tonight’s cast:
mysterious :: Clues:
enthusiastic :: Everything I love right now:
direct :: List:
@weekend :: The weekend, itemised:
@rain :: Things that are better in the rain:
@autumn :: Signs that it is autumn:
@winter :: Signs that it is winter:
@spring :: Signs that it is spring:
@summer :: Signs that it is summer:
"""

ITEMS = """
:: {my_outfit}, of course
:: {topic}, always
:: {interest}, more than I admit
:: {place}, which needs no help from me
:: {my_prop}, close at hand
:: the light, this {daypart}
:: a {mood_adjective} mood
:: {colour}, wherever I can get it
:: {city} at the back of my mind
:: nobody in a hurry
:: a pocket full of nothing
:: one deep breath
:: the colour of the air
:: an idea I have not said out loud
:: good shoes, or the wish for them
:: a song I only half know
:: the word yes
:: time, a little
:: a corner to stand in
:: something to look forward to
:: no plan at all
:: my best attempt at a face
:: a small detour
:: {doing}
:: a good reason to talk about {topic}
:: one thought about {interest}, twice
:: {weekday}, being {weekday}
:: {season}, in small doses
E+ :: all of you, obviously
E+ :: someone to tell about {topic}
E- :: silence, with {topic} in it
P+ :: a clear plan for {topic}
P- :: snacks, probably
H+ :: {topic}, against medical advice
H+ :: my best side, wherever it is
C+ :: a line of {colour} from here to {interest}
A+ :: not being sure, and staying
witty :: {interest}, for science
warm :: room for one more
poetic :: the pause before {topic}
teaching :: one strong shape, one calm colour
formal :: {topic}, in good order
mysterious :: the thing I am not telling you
enthusiastic :: {interest}, {interest}, {interest}
laid-back :: {topic}, no rush
inspiring :: one small brave thing
cosy :: something warm to drink
dreamy :: a cloud I have plans with
ironic :: {topic}, to nobody's surprise
nostalgic :: {interest}, like it used to be
@rain :: rain, and somewhere to wait
@snowfall :: snow on {my_outfit}
@night :: a late {daypart}
@market :: lanterns
@beach :: salt
@cafe :: the cup
@library :: paper
@forest :: moss
"""
