<?php

declare(strict_types=1);

return [
    'file' => 'Fișier de zonă',
    'mode' => 'Ce nu este în fișier',
    'merge' => 'rămâne cum este',
    'replace' => 'se șterge',
    'check' => 'Verifică ce s-ar schimba',
    'take' => 'Fă aceste schimbări',
    'nothing' => 'Nu s-ar schimba nimic.',
    'changes' => 'Înregistrări care dispar (-) și apar (+): :count',
    'more' => 'Și încă :count.',
    'ignored' => 'Ignorate:',
    'line' => 'Linia :line:',
];
