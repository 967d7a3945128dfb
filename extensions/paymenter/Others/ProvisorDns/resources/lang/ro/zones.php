<?php

declare(strict_types=1);

return [
    'title' => 'DNS',
    'yours' => 'Domeniile dumneavoastră',
    'none' => 'Niciun domeniu încă.',
    'full' => 'Aveți deja numărul maxim de domenii.',
    'records' => ':used din :limit înregistrări',
    'domain' => 'Domeniu',
    'add' => 'Adaugă domeniul',
    'again' => 'Încearcă din nou',
    'begun' => 'Domeniul este în curs de configurare.',
    'made' => 'Domeniul a fost adăugat.',
];
