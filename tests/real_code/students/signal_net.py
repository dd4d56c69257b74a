# my net for the physics club: three sensors in, three lamps out
import numpy

class signalNet:

    def __init__(self, sensors, middles, lamps, pace):
        self.pace = pace

        # rows: where a link goes to, columns: where it comes from
        self.link_sm = numpy.random.uniform(-1, 1, (middles, sensors))
        self.link_ml = numpy.random.uniform(-1, 1, (lamps, middles))
        pass

    def squash(self, v):
        return 1.0 / (1.0 + numpy.exp(-v))

    def through(self, sensor_list):
        s = numpy.array(sensor_list, dtype=float)[:, numpy.newaxis]
        m = self.squash(self.link_sm.dot(s))
        return s, m, self.squash(self.link_ml.dot(m))

    def train(self, sensor_list, lamp_list):
        s, m, l = self.through(sensor_list)
        missing = numpy.array(lamp_list, dtype=float)[:, numpy.newaxis] - l

        # what is missing goes back along the links
        missing_m = self.link_ml.T.dot(missing)

        # each layer: how much is missing, times how steep the squash is here
        steep_m = missing_m * m * (1 - m)
        steep_l = missing * l * (1 - l)
        self.link_sm += self.pace * steep_m.dot(s.T)
        self.link_ml += self.pace * steep_l.dot(m.T)
        pass

    def ask(self, sensor_list):
        return self.through(sensor_list)[2]


numpy.random.seed(14)
club = signalNet(3, 5, 3, 0.4)

# the lamp next to the loudest sensor shall shine
for turn in range(1000):
    loud = numpy.random.uniform(0, 1, 3)
    lamps = [0.95 if v == loud.max() else 0.05 for v in loud]
    club.train(list(loud), lamps)
    pass

for loud in ([0.9, 0.2, 0.1], [0.3, 0.1, 0.8]):
    print(loud, club.ask(loud).ravel().round(2))
