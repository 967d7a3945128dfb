<?php

declare(strict_types=1);

return [
    'challenge' => 'Demonstrați că domeniul vă aparține',
    'challenge_help' => 'Publicați această înregistrare acolo unde este acum DNS-ul domeniului, apoi încercați '
        . 'din nou. După aceea o puteți șterge.',
    'text' => 'Text',
    'delegation' => 'Setați serverele noastre de nume',
    'delegation_help' => 'Setați aceste servere de nume, și niciunul altul, acolo unde este înregistrat domeniul, apoi '
        . 'încercați din nou. Pot trece câteva ore până când schimbarea este vizibilă.',
    'nameserver' => 'Server de nume',
    'found' => 'Acum se vede acolo:',
    'nothing' => 'nimic',
    'again' => 'Am setat, încearcă din nou',
];
