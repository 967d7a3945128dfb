<?php

declare(strict_types=1);

return [
    'url' => 'Adresa Provisor',
    'url_help' => 'Fără cale, așa cum o accesează acest panou.',
    'key' => 'Cheia acestui panou',
    'key_help' => 'Începe cu pvr_. Fiecare panou are nevoie de propria cheie.',
    'patience' => 'Răbdare în secunde',
    'patience_help' => 'Cât așteaptă o sarcină când Provisor este ocupat sau nu răspunde, de la 0 la 20.',
    'scopes_missing' => 'Cheii îi lipsesc aceste drepturi: :scopes.',
    'unreachable' => 'Nimeni nu răspunde la această adresă: :reason',
    'not_provisor' => 'La această adresă răspunde altceva decât Provisor, cu starea :status: :reason',
    'key_refused' => 'Provisor răspunde și refuză cheia: :reason',
];
