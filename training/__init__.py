"""Makes the learned parameters of ``analysis/models`` and the tables of ``docs/accuracy.md``.

Never imported by the product. Every step is a command, ``python -m training.<step>``: ``extras``, ``views``,
``distill``, ``finetune``, ``predict``, ``traces``, ``candidates``, ``stack``, ``export``, ``ship``, ``report``.
"""
