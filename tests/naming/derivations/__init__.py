"""Models with derivations that return all their steps."""

from tests.naming.derivations.attention_steps import ATTENTION
from tests.naming.derivations.lstm_steps import LSTM
from tests.naming.derivations.network_steps import NETWORK

MODELS = (NETWORK, LSTM, ATTENTION)
