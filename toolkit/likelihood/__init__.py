"""How probable a language model finds sentences: perplexity, and the ranking of images and sentences by likelihood."""

from .matrix import SentenceRanker
from .prefixes import Prefixes
from .sentences import Likelihoods, known_words, perplexity, sentence_likelihoods

__all__ = ["Likelihoods", "Prefixes", "SentenceRanker", "known_words", "perplexity", "sentence_likelihoods"]
